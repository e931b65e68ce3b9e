/** The end of what one authenticator has opened: at once, on every gate, and nothing else. */
import path from 'node:path'
import t, { type Test } from 'tap'
import { newId } from '../../src/ids.ts'
import { type Running, startGateway } from '../fixtures/in-process/gateway.ts'
import { sampleTotp } from '../fixtures/in-process/sample-credential.ts'
import { download, startTorrent } from '../fixtures/in-process/torrent.ts'
import { startRedis, temporaryDirectory } from '../fixtures/process/redis-server.ts'

const stores = {
  Redis: async (t: Test) => (await startRedis(t)).url,
  LMDB: async (t: Test) => `embedded:${path.join(temporaryDirectory(t), 'store')}`
} as const

async function factorOf({ server }: Running, accountId: string, name: string): Promise<string> {
  const id = newId()
  await server.runtime.credentials.add(sampleTotp({ id, accountId, name }))
  return id
}

/** A session that has shown these authenticators, with its cookie at the app. */
async function sessionOf({ server, port }: Running, accountId: string, credentialIds: readonly string[]) {
  const { sessions } = server.runtime
  const at = Date.now()
  const entered = await sessions.start({
    accountId,
    proof: { kind: 'password', at, userVerified: false },
    more: credentialIds.map(credentialId => ({ kind: 'totp', at, userVerified: false, credentialId })),
    device: { userAgent: 'test', address: '127.0.0.1' },
    host: `gate.localhost:${port}`
  })
  const host = `files.localhost:${port}`
  const there = await sessions.redeem(
    await sessions.handOver(entered.principal, host, 'n', `http://${host}/`),
    host,
    'n'
  )
  return { principal: entered.principal, cookie: `factorgate=${there?.token}` }
}

for (const [name, open] of Object.entries(stores))
  t.test(`removing one authenticator ends its downloads on every gate, with ${name} (O6)`, async t => {
    const { url } = await startTorrent(t)
    const options = {
      store: await open(t),
      apps: `  - { id: files, url: "http://files.localhost:PORT", upstream: "${url}" }`
    }
    const one = await startGateway(t, options)
    const two = await startGateway(t, { ...options, beside: one })
    const { id: account } = await one.account('alice')
    const [phone, key] = [await factorOf(one, account, 'Phone'), await factorOf(one, account, 'Key')]
    const lost = await sessionOf(one, account, [phone])
    const other = await sessionOf(one, account, [key])
    const acting = await sessionOf(one, account, [phone, key])
    const begin = (cookie: string) => download(two.port, `${one.origin('files')}/quiet`, { cookie })
    const running = await Promise.all([lost, other, acting].map(({ cookie }) => begin(cookie)))
    const { sessions, credentials } = one.server.runtime
    await credentials.remove(account, phone)
    t.equal(await sessions.endProvedBy(account, phone, acting.principal.session.id), 1)
    t.equal(await running[0]?.end, false)
    const left = (await sessions.list(account)).map(({ session }) => session)
    t.same(
      new Map(left.map(({ id, proofs }) => [id, proofs.flatMap(({ credentialId }) => credentialId ?? [])])),
      new Map([
        [other.principal.session.id, [key]],
        [acting.principal.session.id, [key]]
      ]),
      'a session that has shown another one keeps what it has shown with that'
    )
    t.equal((await begin(other.cookie)).status, 200)
    t.equal((await begin(acting.cookie)).status, 200)
    t.equal((await begin(lost.cookie)).status, 401, 'the removed one opens nothing')
    t.match(
      await sessions.whyEnded(lost.cookie.slice('factorgate='.length)),
      { why: 'factors_changed' },
      'and the next page says why'
    )

    t.equal(await sessions.endProvedBy(account, key, acting.principal.session.id), 1, 'of two, one is the acting one')
    t.equal(await running[2]?.end, false, 'whose downloads end as well, because it is only half signed in now')
    t.same(
      (await sessions.list(account)).map(({ session }) => session.proofs.map(({ kind }) => kind)),
      [['password']]
    )
    for (const transfer of running) transfer.stop()
  })
