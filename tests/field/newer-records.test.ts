/** A release that is rolled back meets records of the newer one: nobody enters by them, nothing of them is lost, and somebody hears why. */
import t, { type Test } from 'tap'
import { credentialRecord } from '../../src/factor/credential.ts'
import { accountRecord } from '../../src/identity/account-record.ts'
import { passwordRecord } from '../../src/identity/local.ts'
import { tokenDigest } from '../../src/ids.ts'
import { readKeyFile } from '../../src/keyring/key-file.ts'
import { sessionRecord, tokenRecord } from '../../src/session/records.ts'
import type { Store } from '../../src/store/store.ts'
import { gateOn } from '../cli/people.ts'
import { terminal } from '../cli/terminal.ts'
import { startGateway } from '../fixtures/in-process/gateway.ts'
import { startUpstream } from '../fixtures/in-process/upstream.ts'
import { until } from '../fixtures/process/redis-server.ts'

/** Makes a record look as if the next release had written it. Answers its text. */
async function renew(store: Store, key: string): Promise<string> {
  const newer = JSON.stringify({ ...JSON.parse((await store.get(key)) as string), v: 2 })
  await store.put(key, newer)
  return newer
}

async function ground(t: Test) {
  const upstream = await startUpstream(t)
  const gate = await startGateway(t, {
    apps: `  - id: one
    title: One
    url: "http://one.localhost:PORT"
    upstream: "${upstream.origin}"
    rules: [{ path: /open, access: public }, { access: mfa }]`
  })
  const alice = await gate.account('alice')
  const { principal, cookies } = await gate.signIn(alice, 'one')
  const cookie = cookies.one as string
  const visit = (path: string) => gate.request('GET', gate.origin('one') + path, { cookie, accept: 'text/html' })
  return { gate, upstream, alice, principal, cookie, visit, store: gate.server.runtime.store }
}

t.test('a visit with a token, a session or an account of a newer release is refused, and says so', async t => {
  const { gate, upstream, alice, principal, cookie, visit, store } = await ground(t)
  t.equal((await visit('/data')).status, 200)
  const keys = {
    token: tokenRecord.key(tokenDigest(cookie.slice('factorgate='.length))),
    session: sessionRecord.key(principal.session.id),
    account: accountRecord.key(alice.id)
  }
  for (const [name, key] of Object.entries(keys)) {
    const before = (await store.get(key)) as string
    const newer = await renew(store, key)
    await until('the change has arrived', async () => (await visit('/data')).status !== 200)
    const seen = upstream.bytes().length
    const { status, headers, body } = await visit('/data')
    t.same([status, headers['factorgate-error'], headers['retry-after']], [503, 'record_too_new', '60'], name)
    t.match(body, 'older than its data')
    t.equal(upstream.bytes().length, seen, 'nothing upstream')
    t.equal((await visit('/open')).status, 200, 'a public path needs no record')
    t.equal(await store.get(key), newer, 'it stays')
    await store.put(key, before)
    await until('it opens again', async () => (await visit('/data')).status === 200)
  }
  t.match(JSON.stringify(gate.log), /in version 2, but this release of Factorgate knows only versions up to 1/)
})

t.test('a session of a newer release can be ended', async t => {
  const { gate, principal, visit, store } = await ground(t)
  const key = sessionRecord.key(principal.session.id)
  await renew(store, key)
  t.equal(await gate.server.runtime.sessions.endAll('revoked'), 1)
  t.equal(await store.get(key), null)
  t.not((await visit('/data')).status, 200)
})

t.test('commands say which record it is, end with 1, and change nothing of it', async t => {
  const factorgate = terminal(t)
  await factorgate.newKey()
  await factorgate.ok('user', 'add', 'alice')
  const store = factorgate.store()
  const gate = gateOn(store, factorgate.time)
  const alice = (await gate.accounts.byName('alice'))!
  const { totp } = await gate.enrol(alice, await readKeyFile(`${factorgate.folder}/var/factorgate.key`))
  const rows: [key: string, ...argv: string[]][] = [
    [credentialRecord.key(totp), 'user', 'show', 'alice'],
    [credentialRecord.key(totp), 'user', 'reset-factors', 'alice'],
    [credentialRecord.key(totp), 'key', 'rotate'],
    [accountRecord.key(alice.id), 'user', 'list'],
    [accountRecord.key(alice.id), 'user', 'suspend', 'alice', '--why', 'left the lab'],
    [accountRecord.key(alice.id), 'user', 'remove', 'alice']
  ]
  for (const [key, ...argv] of rows) {
    const before = (await store.get(key)) as string
    const newer = await renew(store, key)
    const { code, stderr } = await factorgate(...argv)
    t.equal(code, 1, argv.join(' '))
    t.match(stderr, `The store holds ${key} in version 2`, argv.join(' '))
    t.match(stderr, 'Run the newer release that wrote it', argv.join(' '))
    t.equal(await store.get(key), newer, argv.join(' '))
    await store.put(key, before)
  }
})

t.test('a new password does not overwrite one of a newer release', async t => {
  const { gate, alice, store } = await ground(t)
  const { local } = gate.server.runtime
  await local.setPassword(alice.id, 'correct horse battery')
  const newer = await renew(store, passwordRecord.key(alice.id))
  await t.rejects(local.setPassword(alice.id, 'another horse battery'), { code: 'record_too_new' })
  t.equal(await store.get(passwordRecord.key(alice.id)), newer)
  await t.rejects(local.authenticate('alice', 'correct horse battery'), { code: 'record_too_new' })
})
