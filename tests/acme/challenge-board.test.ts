/** The board of ACME challenges at a gate that does not issue: what it has read is never older than what it was told. */
import { once } from 'node:events'
import net from 'node:net'
import tls from 'node:tls'
import t, { type Test } from 'tap'
import { ChallengeBoard } from '../../src/acme/challenge-board.ts'
import type { AcmeChallenge } from '../../src/acme/order.ts'
import { makeKeyring, newMasterKey } from '../../src/keyring/keyring.ts'
import { interceptChallenges } from '../../src/server/tls-challenge.ts'
import { MemoryStore } from '../fixtures/in-process/memory-store.ts'

const name = 'gate.lab.example'
const challenge = (type: AcmeChallenge['type']): AcmeChallenge => ({
  type,
  name,
  token: 'token',
  keyAuthorization: 'token.key'
})

/** A gate that issues, and another one, whose reads end when the test lets them. */
async function boards(t: Test) {
  const store = new MemoryStore(Date.now)
  const keyring = makeKeyring([newMasterKey()])
  const problems: unknown[] = []
  const boardOn = async (store: MemoryStore) => {
    const onError = (error: unknown) => problems.push(error)
    const board = new ChallengeBoard({ store, keyring: () => keyring, clock: Date.now, onError })
    await board.start()
    t.teardown(() => board.stop())
    return board
  }
  const issuer = await boardOn(store)
  const waiting: (() => void)[] = []
  const gate = { isHeld: false }
  const slow = new Proxy(store, {
    get: (target, verb) => {
      const value = Reflect.get(target, verb)
      if (typeof value !== 'function') return value
      if (verb !== 'get') return value.bind(target)
      return async (key: string) => {
        const answer = await target.get(key)
        if (gate.isHeld) await new Promise<void>(resolve => waiting.push(resolve))
        return answer
      }
    }
  })
  const other = await boardOn(slow)
  /** Resolves once a read waits with its answer. */
  const held = async () => {
    while (waiting.length === 0) await new Promise(setImmediate)
  }
  const release = () => {
    gate.isHeld = false
    for (const go of waiting.splice(0)) go()
  }
  return { store, issuer, other, gate, held, release, problems }
}

t.test('a challenge that is written during a read is found', async t => {
  const { store, issuer, other, gate, held, release } = await boards(t)
  gate.isHeld = true
  await store.delete('acme-challenges:pending')
  await store.put('acme-challenges:other', 'a notice, and with it a read that finds nothing')
  await held()
  await issuer.write([challenge('http-01'), challenge('tls-alpn-01')])
  const [answer, pair] = [other.answerTo('token'), other.pairFor(name)]
  t.ok(other.isAwaitingTls, 'nobody is turned away as long as it is not known')
  release()
  t.equal(await answer, 'token.key', 'a visitor of http-01 waits for the read')
  t.type((await pair)?.cert, 'string', 'and so does one of tls-alpn-01')
  await issuer.clear()
  while (other.isAwaitingTls) await new Promise(setImmediate)
  t.equal(await other.answerTo('token'), null)
  t.equal(await other.pairFor(name), null)
})

t.test('what a gate writes is not undone by a read that began before', async t => {
  const { store, other, gate, held, release } = await boards(t)
  gate.isHeld = true
  await store.put('acme-challenges:other', '')
  await held()
  await other.write([challenge('http-01')])
  release()
  while (other.isAwaitingTls) await new Promise(setImmediate)
  t.equal(await other.answerTo('token'), 'token.key')
})

t.test('strangers cost one read a second', async t => {
  const { store, other } = await boards(t)
  let reads = 0
  const { get } = store
  store.get = key => {
    reads++
    return get.call(store, key)
  }
  await Promise.all(Array.from({ length: 20 }, () => other.answerTo('guess')))
  t.ok(reads <= 1, `${reads} reads`)
})

t.test('a visitor of tls-alpn-01 during a read gets the certificate', async t => {
  const { store, issuer, other, gate, held, release } = await boards(t)
  const server = net.createServer(socket => socket.destroy())
  interceptChallenges(server, other)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  gate.isHeld = true
  await store.put('acme-challenges:other', '')
  await held()
  await issuer.write([challenge('tls-alpn-01')])
  const { port } = server.address() as net.AddressInfo
  const options = {
    host: '127.0.0.1',
    port,
    servername: name,
    ALPNProtocols: ['acme-tls/1'],
    rejectUnauthorized: false
  }
  const socket = tls.connect(options)
  await once(socket, 'connect')
  const connected = once(socket, 'secureConnect')
  await new Promise(setImmediate)
  release()
  await connected
  t.equal(socket.alpnProtocol, 'acme-tls/1')
  t.equal(socket.getPeerCertificate().subjectaltname, `DNS:${name}`)
  socket.destroy()
})
