/** Certificates are got and renewed by one gate of several, and whatever an ACME server says, nothing false is served and the old one goes on. */
import { spawn } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import fs, { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { tmpdir } from 'node:os'
import path from 'node:path'
import t from 'tap'
import { Certificates } from '../../src/acme/certificates.ts'
import { Copies } from '../../src/acme/copies.ts'
import { certificateRecord, challengesRecord, pendingId } from '../../src/acme/records.ts'
import { askAgainMs, renewalMoment } from '../../src/acme/renewal.ts'
import { newKey } from '../../src/acme/x509.ts'
import { holderName } from '../../src/files/holder.ts'
import { makeKeyring, newMasterKey } from '../../src/keyring/keyring.ts'
import { StoreUnreachable } from '../../src/store/store.ts'
import { AcmeServer, refuse, saying } from '../fixtures/in-process/acme-server.ts'
import { served, stateOf, world } from '../fixtures/in-process/acme-world.ts'
import { MemoryStore } from '../fixtures/in-process/memory-store.ts'

const hour = 3600
const day = 24 * hour

t.test('each host gets a certificate of its own, and every gate of the store serves it', async t => {
  const here = await world(t)
  const { server, events } = here
  server.refusedNonces = 4
  const names = ['gate.lab.example', 'notes.lab.example', '192.0.2.7']
  const first = await here.gate({ email: 'a@lab.example' }, names)
  const second = await here.gate({ email: 'a@lab.example' }, names)
  t.equal(first.certificates.problem(here.clock.now), 'there is no certificate for gate.lab.example yet')
  await first.issuer.pass()
  for (const name of names) {
    const pair = served(first, name)
    t.ok(new X509Certificate(pair?.cert ?? '').subjectAltName?.includes(name), name)
    t.equal(served(second, name)?.cert, pair?.cert, 'the other gate has it too')
  }
  t.equal(first.certificates.main, served(first), 'the portal’s is for visitors who name no host')
  t.equal(first.certificates.problem(here.clock.now), null)
  t.same(
    [server.count('account'), server.count('new order')],
    [1, 3],
    'one account, after four refused nonces, and one order each'
  )
  t.match(server.last('account'), { termsOfServiceAgreed: true, contact: ['mailto:a@lab.example'] })
  t.match(events, [
    { kind: 'certificate.issued', host: 'gate.lab.example', isRenewal: false, ends: /^\d{4}-\d\d-\d\dT[\d:.]+Z$/ },
    { host: 'notes.lab.example' },
    { host: '192.0.2.7' }
  ])
  t.equal(await first.board.answerTo('x'.repeat(20)), null)
  t.notOk(first.board.isAwaitingTls, 'no challenge is left')

  await Promise.all([first.issuer.pass(), second.issuer.pass()])
  t.equal(server.count('new order'), 3, 'nothing more is ordered')
  const restarted = await here.gate({ email: 'a@lab.example' }, names)
  t.equal(served(restarted)?.cert, served(first)?.cert, 'a gate that starts takes the certificate of the store')
  await restarted.certificates.setNames([...names, 'new.lab.example'])
  t.ok(restarted.certificates.lacks('new.lab.example'))
  await restarted.issuer.pass(true)
  t.equal(server.count('account'), 1, 'the account is kept')
  t.notOk(restarted.certificates.lacks('new.lab.example'), 'a host that a reload adds gets one at once')
  await restarted.certificates.setNames(['notes.lab.example'])
  t.equal(served(restarted), null, 'a host that is gone is served no more')
  t.equal(restarted.certificates.main?.name, 'notes.lab.example')
})

t.test('several gates at once make one order', async t => {
  const here = await world(t)
  const gates = await Promise.all([here.gate(), here.gate(), here.gate()])
  await Promise.all(gates.map(({ issuer }) => issuer.pass()))
  t.equal(here.events.length, 1)
  t.equal(here.server.count('final'), 1)
  for (const gate of gates) t.ok(served(gate))
})

t.test('a renewal needs nobody', async t => {
  const here = await world(t)
  const { server, clock } = here
  server.window = { start: '2026-11-30T00:00:00Z', end: '2026-12-02T00:00:00Z' }
  server.retryAfter = '7200'
  const gate = await here.gate({ profile: 'shortlived' })
  await gate.issuer.pass()
  const old = served(gate)
  t.match(server.last('new order'), {}, 'an order')
  t.equal(server.requests.find(({ what }) => what === 'new order')?.payload?.profile, 'shortlived')
  t.notOk(
    server.requests.some(({ payload }) => payload?.replaces !== undefined),
    'the first one replaces nothing'
  )
  await gate.issuer.pass()
  t.equal(server.count('ari'), 1, 'the authority is asked when it wants the renewal')
  const [keyId = '', serial = ''] = String(server.last('ari').id).split('.')
  t.equal(
    Buffer.from(serial, 'base64url').toString('hex').toUpperCase(),
    new X509Certificate(old?.cert ?? '').serialNumber
  )
  t.equal(Buffer.from(keyId, 'base64url').length, 20)
  t.match(await stateOf(here), { renewAt: Date.parse('2026-12-01T00:00:00Z'), askAt: clock.now + 7_200_000 })
  clock.advance(hour)
  await gate.issuer.pass()
  t.equal(server.count('ari'), 1, 'and not again before it says so')
  clock.now = Date.parse('2026-12-01T01:00:00Z')
  await gate.issuer.pass()
  t.not(served(gate)?.cert, old?.cert, 'a new one is served')
  t.equal(
    server.requests.find(({ payload }) => payload?.replaces !== undefined)?.payload?.replaces,
    `${keyId}.${serial}`
  )
  t.match(here.events.at(-1), { kind: 'certificate.issued', isRenewal: true })

  server.window = null
  server.lies.ari = saying(response => response.writeHead(500).end('oh'))
  clock.advance(59 * day)
  await gate.issuer.pass()
  t.equal(here.events.length, 2, 'without that information: not before two thirds of its life')
  clock.advance(3 * day)
  await gate.issuer.pass()
  t.equal(here.events.length, 3, 'and after them')
  server.days = 6
  clock.advance(62 * day)
  await gate.issuer.pass()
  clock.advance(2 * day)
  await gate.issuer.pass()
  t.equal(here.events.length, 4)
  clock.advance(1.2 * day)
  await gate.issuer.pass()
  t.equal(here.events.length, 5, 'one of six days after half of it')
  const other = await here.gate({ profile: 'tlsserver' })
  clock.advance(4 * day)
  await other.issuer.pass()
  t.equal(here.events.length, 6)
  t.match(here.log.join('\n'), /does not offer this profile; its usual one is ordered.*classic, shortlived/)
})

t.test('the authority forgets the account, wants another one, or is another one', async t => {
  const here = await world(t)
  const { server } = here
  const gate = await here.gate()
  await gate.issuer.pass()
  server.accounts.clear()
  here.clock.advance(62 * day)
  await gate.issuer.pass()
  t.equal(here.events.at(-1)?.kind, 'certificate.issued', 'a forgotten account is made again')
  server.eab = { kid: 'k1', secret: '' }
  server.accounts.clear()
  here.clock.advance(62 * day)
  await gate.issuer.pass()
  t.match((await stateOf(here))?.why, /externalAccountRequired.*set listen\.tls\.acme\.eab/)
  const bound = await here.gate({ eab: { kid: 'k1', secret: () => 'c2VjcmV0LXNlY3JldC1zZWNyZXQ' } })
  here.clock.advance(day)
  await bound.issuer.pass()
  const { externalAccountBinding } = server.last('account') as { externalAccountBinding?: { protected: string } }
  t.match(JSON.parse(Buffer.from(externalAccountBinding?.protected ?? '', 'base64url').toString()), {
    alg: 'HS256',
    kid: 'k1',
    url: /\/account$/
  })
  const contacts = () => server.requests.filter(({ what }) => what === 'account').map(({ payload }) => payload?.contact)
  const later = async (email: string | null) => {
    here.clock.advance(62 * day)
    const told = contacts().length
    await (await here.gate({ email, eab: { kid: 'k1', secret: () => 'c2VjcmV0LXNlY3JldC1zZWNyZXQ' } })).issuer.pass()
    t.equal(here.events.at(-1)?.kind, 'certificate.issued')
    return contacts().slice(told)
  }
  const to = (name: string) => [`mailto:${name}@lab.example`]
  server.eab = null
  t.same(await later('ann@lab.example'), [to('ann'), to('ann')], 'a new address is told to an account that was there')
  t.same(await later('ann@lab.example'), [], 'once')
  t.same(await later(null), [undefined, []], 'and none')
  server.lies.account = (_, response, path) => {
    if (path === 'account') return false
    refuse(response, 400, 'invalidContact', 'no such domain')
    return true
  }
  t.same(await later('ben@lab.example'), [to('ben')])
  t.match(here.log.join('\n'), /does not take the new address of the account.*no such domain/)
  delete server.lies.account
  const elsewhere = await AcmeServer.start(t, { clock: here.clock.read })
  const before = served(bound)?.cert
  const moved = await here.gate({ directory: elsewhere.directory })
  await moved.issuer.pass()
  t.equal(elsewhere.count('final'), 1, 'another authority in the configuration issues at once')
  t.not(served(moved)?.cert, before)
})

t.test(
  'K7 · somebody reads the store, or writes a challenge into it → no key is there, and nothing is proved',
  async t => {
    const here = await world(t)
    const gate = await here.gate()
    await gate.issuer.pass()
    for await (const { key, value } of here.store.scan('acme-'))
      t.notMatch(value, /PRIVATE|"d"/, `${key} holds no key that can be read`)
    const token = 'x'.repeat(20)
    const challenges = [
      { type: 'http-01' as const, name: 'gate.lab.example', token, keyAuthorization: `${token}.theirs` }
    ]
    await here.store.put(challengesRecord.key(pendingId), challengesRecord.text({ challenges }))
    t.equal(await (await here.gate()).board.answerTo(token).catch(() => null), null)
  }
)

t.test('K5 · proofs fail, and the gate starts again and again → longer pauses, which no restart shortens', async t => {
  const here = await world(t, { hasAnswers: false })
  const { server, clock } = here
  const gate = await here.gate()
  const pause = async () => ((await stateOf(here))?.nextAt ?? 0) - clock.now
  const minutes: number[] = []
  for (let turn = 0; turn < 10; turn++) {
    await gate.issuer.pass()
    minutes.push((await pause()) / 60_000)
    clock.advance((await pause()) / 1000)
  }
  t.same(minutes, [5, 10, 20, 40, 80, 160, 320, 640, 1280, 1440], 'longer each time, up to a day')
  t.match((await stateOf(here))?.why, 'could not prove that gate.lab.example is ours: a wrong answer (unauthorized)')
  t.match(here.log.at(-1), /a certificate could not be obtained/)
  const orders = server.count('new order')
  await gate.issuer.pass()
  clock.advance(60)
  await gate.issuer.pass()
  await gate.issuer.pass(true)
  t.equal(server.count('new order'), orders + 1, 'a restart in a loop asks nobody again')
  clock.advance(20 * 60)
  await (await here.gate()).issuer.pass(true)
  t.equal(server.count('new order'), orders + 2, 'a restart by an operator does, once a quarter of an hour has passed')

  server.lies.order = (_, response) => {
    response.setHeader('retry-after', '172800')
    refuse(response, 429, 'rateLimited', 'too many certificates')
    return true
  }
  clock.advance(day)
  await gate.issuer.pass()
  t.equal(await pause(), 172_800_000, 'the authority’s own pause counts')
  clock.advance(hour)
  await gate.issuer.pass(true)
  t.equal(server.count('POST order'), 1, 'and no restart shortens it')
})

t.test('a renewal that fails: an hour, then two, and the old certificate', async t => {
  const here = await world(t)
  const gate = await here.gate()
  await gate.issuer.pass()
  here.server.lies.dir = saying(response => response.writeHead(500).end())
  here.clock.advance(62 * day)
  for (const hours of [1, 2, 4]) {
    await gate.issuer.pass()
    const { nextAt = 0 } = (await stateOf(here)) ?? {}
    t.equal((nextAt - here.clock.now) / 3_600_000, hours)
    here.clock.now = nextAt
  }
  t.ok(served(gate))
  t.match(here.log.join('\n'), /could not be renewed; the old one stays in use/)
  here.clock.advance(40 * day)
  t.match(gate.certificates.problem(here.clock.now), /the certificate for gate\.lab\.example ended on/)
})

t.test('K5: a server that asks for an absurd pause is asked again while there is time', async t => {
  const here = await world(t)
  const { server, clock } = here
  server.days = 6
  const gate = await here.gate()
  await gate.issuer.pass()
  const first = served(gate)
  clock.advance(3.2 * day)
  const shareAfter = async (part: 'dir' | 'nonce') => {
    server.lies[part] = saying(response => {
      response.removeHeader('replay-nonce')
      response.writeHead(503, { 'retry-after': '999999999' }).end()
    })
    await gate.issuer.pass()
    delete server.lies[part]
    const { nextAt = 0, ends, isBid } = (await stateOf(here)) ?? {}
    t.ok(isBid, `${part}: the authority's own pause`)
    const share = (nextAt - clock.now) / ((ends ?? 0) - clock.now)
    clock.now = nextAt
    return share
  }
  t.equal(await shareAfter('dir'), 0.5, 'half of what is left, and not a week')
  t.equal(await shareAfter('nonce'), 0.5)
  t.match((await stateOf(here))?.why, /gives no usable nonce: it answers 503/)
  t.equal(served(gate), first)
  server.lies.dir = saying(response => response.writeHead(503, { 'retry-after': '30' }).end())
  await gate.issuer.pass()
  delete server.lies.dir
  t.match(await stateOf(here), { isBid: false, nextAt: clock.now + 4 * 3_600_000 }, 'a short pause leaves our own')
  clock.advance(20 * 60)
  await gate.issuer.pass(true)
  t.not(served(gate), first, 'renewed before its end, at once by an operator’s restart')
})

t.test('a store that is away, and records that are broken', async t => {
  const here = await world(t)
  const gate = await here.gate()
  here.store.isDown = true
  await t.rejects(gate.issuer.pass(), { name: 'StoreUnreachable' })
  t.equal(here.events.length, 0, 'is no failure of the authority')
  here.store.isDown = false
  await gate.issuer.pass()
  const good = served(gate)
  await here.store.put(certificateRecord.key('gate.lab.example'), 'nonsense')
  await new Promise(setImmediate)
  t.equal(served(gate), good, 'what is broken in the store replaces nothing')
  here.clock.advance(60)
  await gate.issuer.pass()
  t.not(served(gate)?.cert, good?.cert, 'and is issued again')
})

t.test('the store goes away between the two writes of an order → nothing is ordered twice', async t => {
  const here = await world(t)
  const { store, server, clock } = here
  const gate = await here.gate()
  await gate.issuer.pass()
  const put = store.put.bind(store)
  let isCertificateWritten = false
  store.put = (key, ...rest) => {
    if (key.startsWith('acme-certificate:')) isCertificateWritten = true
    if (isCertificateWritten && key.startsWith('acme-state:')) return Promise.reject(new StoreUnreachable('gone'))
    return put(key, ...rest)
  }
  clock.advance(62 * day)
  await t.rejects(gate.issuer.pass(), StoreUnreachable)
  t.equal(server.count('new order'), 2)
  store.put = put
  clock.advance(60)
  await gate.issuer.pass()
  clock.advance(60)
  await gate.issuer.pass()
  t.equal(server.count('new order'), 2)
  t.equal(served(gate)?.cert, (await certificateRecord.get(store, 'gate.lab.example', here.seal))?.cert)
  t.match(await stateOf(here), { ends: served(gate)?.ends, failures: 0 })
  clock.advance(62 * day)
  await gate.issuer.pass()
  t.equal(server.count('new order'), 3, 'until it is due')
})

t.test('what one part of the gate cannot do with a new certificate is no failure of the order', async t => {
  const here = await world(t)
  const gate = await here.gate()
  const told: (string | undefined)[] = []
  gate.certificates.onChange(() => {
    throw new Error('a file of listen.tls is gone')
  })
  gate.certificates.onChange(changed => told.push(changed?.name))
  await gate.issuer.pass()
  t.same(told, ['gate.lab.example'], 'the others hear of it')
  t.match(await stateOf(here), { failures: 0, why: null })
  t.match(here.log.join('\n'), /could not be taken into use everywhere/)
})

t.test('a gate that could not give back its lock does not wait for itself', async t => {
  const here = await world(t)
  const { store, server } = here
  const gate = await here.gate()
  const remove = store.delete.bind(store)
  store.delete = (key, expected) =>
    key === 'acme-lock' ? Promise.reject(new StoreUnreachable('gone')) : remove(key, expected)
  server.lies.dir = saying(response => void response.writeHead(500).end())
  await t.rejects(gate.issuer.pass(), StoreUnreachable)
  delete server.lies.dir
  store.delete = remove
  const other = await here.gate()
  here.clock.advance(5 * 60)
  await other.issuer.pass(true)
  t.equal(server.count('new order'), 0, 'another gate waits until the lock ends')
  await gate.issuer.pass(true)
  t.ok(served(gate), 'this one goes on')
  t.equal(await store.get('acme-lock'), null)
})

t.test('a process that was killed at an order leaves no lock for the next', async t => {
  const child = spawn('true')
  const dead = child.pid!
  await once(child, 'exit')
  for (const [owner, settleMs, isTaken] of [
    [holderName(dead).text, 1, true],
    [holderName().text, 1, false],
    [holderName().text, 0, false],
    ['another-boot:7:7:x', 1, false],
    // Nobody else uses the store, so a restart of the machine has ended it.
    ['another-boot:7:7:x', 0, true]
  ] as const) {
    const here = await world(t, { settleMs })
    const gate = await here.gate()
    await here.store.add('acme-lock', owner, 600)
    await gate.issuer.pass(true)
    t.equal(served(gate) !== null, isTaken, `${owner}, ${settleMs}`)
    t.equal(await here.store.get('acme-lock'), isTaken ? null : owner)
  }
})

t.test('where the system does not tell machines apart, the lock of another gate is not taken', async t => {
  const { readFileSync } = fs
  t.teardown(() => {
    fs.readFileSync = readFileSync
    syncBuiltinESMExports()
  })
  // As in a sandbox without /proc.
  fs.readFileSync = ((file: string, ...rest: []) => {
    if (file.startsWith('/proc/')) throw new Error('there is no /proc')
    return readFileSync(file, ...rest)
  }) as typeof readFileSync
  syncBuiltinESMExports()
  const child = spawn('true')
  const elsewhere = holderName(child.pid).text
  await once(child, 'exit')
  const here = await world(t, { settleMs: 1 })
  const gate = await here.gate()
  await here.store.add('acme-lock', elsewhere, 600)
  await gate.issuer.pass(true)
  t.equal(served(gate), null)
  t.equal(await here.store.get('acme-lock'), elsewhere)
})

t.test('a certificate from a backup, which has no states, is not ordered again', async t => {
  const here = await world(t)
  const gate = await here.gate()
  await gate.issuer.pass()
  await here.store.delete('acme-state:gate.lab.example')
  await gate.issuer.pass()
  t.equal(here.server.count('new order'), 1)
  t.match(await stateOf(here), { renewAt: Number, failures: 0 }, 'and its state is known again')
  await here.store.delete('acme-state:gate.lab.example')
  here.clock.advance(62 * day)
  await gate.issuer.pass()
  t.equal(here.server.count('new order'), 2, 'until it is due')
})

t.test('a certificate from a backup replaces no newer one that is in use', async t => {
  const here = await world(t)
  const { clock, store, log } = here
  const key = certificateRecord.key('gate.lab.example')
  const gate = await here.gate()
  const other = await here.gate()
  await gate.issuer.pass()
  const first = served(gate)
  const backup = await store.get(key)
  clock.advance(61 * day)
  await gate.issuer.pass()
  const second = served(gate)
  const newer = await store.get(key)
  t.not(second?.cert, first?.cert)
  const restore = async (text: string | null, expected: unknown, sentence: string) => {
    await store.put(key, text ?? '')
    await new Promise(setImmediate)
    for (const one of [gate, other]) t.equal(served(one)?.cert, expected, sentence)
  }
  await restore(backup, second?.cert, 'an older one that is valid')
  t.match(log.join('\n'), /the store holds a certificate that is older than the one in use/)
  clock.advance(31 * day)
  await restore(newer, second?.cert, 'the one in use')
  await restore(backup, second?.cert, 'one that has ended')
  t.equal(served(await here.gate())?.cert, first?.cert, 'a gate that has no other serves it')
  clock.now = Date.parse(new X509Certificate(first?.cert ?? '').validFrom) + hour * 1000
  await restore(newer, second?.cert, 'not valid yet, but the newest')
  await restore(backup, first?.cert, 'one that is valid replaces one that is not, as after a wrong clock')
})

t.test('copies in a folder serve a store that was lost', async t => {
  const folder = mkdtempSync(path.join(tmpdir(), 'factorgate-acme-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const here = await world(t)
  const gate = await here.gate()
  await gate.issuer.pass()
  const pair = served(gate)!
  const copies = new Copies({
    folder: path.join(folder, 'acme'),
    directory: here.server.directory,
    log: { info: () => {}, warn: () => {} }
  })
  copies.writeCertificate('gate.lab.example', pair)
  const file = path.join(folder, 'acme', 'gate.lab.example.key')
  t.equal(statSync(file).mode & 0o777, 0o600)
  t.equal(readFileSync(file, 'utf8'), pair.key)
  const keyring = makeKeyring([newMasterKey()])
  const empty = () => new MemoryStore(here.clock.read)
  const one = empty()
  await copies.restore(one, () => keyring, ['gate.lab.example'], here.clock.now)
  t.equal(
    await one.get(certificateRecord.key('gate.lab.example')),
    null,
    'not without the account, since nobody knows whose they are'
  )
  copies.writeAccount({ key: '{}', url: 'x', email: null, replacedAt: null })
  await copies.restore(one, () => keyring, ['gate.lab.example', 'absent.lab.example'], here.clock.now)
  const certificates = new Certificates({
    store: one,
    keyring: () => keyring,
    clock: here.clock.read,
    names: ['gate.lab.example'],
    log: { warn: () => {} }
  })
  await certificates.start()
  t.equal(certificates.pairFor('gate.lab.example')?.cert, pair.cert)
  certificates.stop()
  writeFileSync(file, newKey().export({ type: 'pkcs8', format: 'pem' }))
  const other = empty()
  await copies.restore(other, () => keyring, ['gate.lab.example'], here.clock.now)
  t.equal(await other.get(certificateRecord.key('gate.lab.example')), null, 'a pair that does not fit is left out')
  writeFileSync(file, '')
  await copies.restore(other, () => keyring, ['gate.lab.example'], here.clock.now)
  t.equal(await other.get(certificateRecord.key('gate.lab.example')), null, 'so is one whose key is damaged')
  writeFileSync(path.join(folder, 'acme', 'account.json'), 'nonsense')
  await copies.restore(empty(), () => keyring, ['gate.lab.example'], here.clock.now)
})

t.test(
  'K6 · the authority wants a renewal always or never → a certificate is used for a while, and not to its end',
  async t => {
    const at = (text: string) => Date.parse(`2026-${text}T00:00:00Z`)
    const life = { from: at('01-01'), to: at('04-01') }
    const moment = (start: string, end: string, chance = 0.5) =>
      new Date(renewalMoment(life, { start: at(start), end: at(end) }, life.from, chance)).toISOString().slice(5, 10)
    t.equal(moment('02-20', '02-24'), '02-22', 'in the middle of the window by half a chance')
    t.equal(moment('02-20', '02-24', 0), '02-20')
    t.equal(moment('01-01', '01-01'), '01-02', 'a window in the past: after a day')
    t.equal(moment('12-01', '12-31'), '03-17', 'a window behind the end: after five sixths')
    t.equal(askAgainMs(null), 6 * 3_600_000)
    t.equal(askAgainMs(0), 60_000)
    t.equal(askAgainMs(1e12), 24 * 3_600_000)
  }
)
