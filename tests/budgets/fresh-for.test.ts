/** A rule's `freshFor`: so much leaves with one proof, whatever happens meanwhile to the rule, the token and the way of the proof. */
import t, { type Test } from 'tap'
import type { Principal } from '../../src/session/principal.ts'
import { navigation, type Running, startGateway, tokenAt } from '../fixtures/in-process/gateway.ts'
import { download, startTorrent } from '../fixtures/in-process/torrent.ts'
import { until } from '../fixtures/in-process/until.ts'

const MiB = 1024 ** 2
const start = 1_800_000_000_000

async function fixture(t: Test, rule: string) {
  const { url } = await startTorrent(t)
  const time = { now: start }
  const apps = (rule: string) =>
    `  - { id: files, url: "http://files.localhost:PORT", upstream: "${url}", rules: [{ path: /quiet, access: mfa }, ${rule}] }
  - { id: notes, url: "http://notes.localhost:PORT", upstream: "${url}" }`
  const gate = await startGateway(t, { clock: () => time.now, apps: apps(rule) })
  const account = await gate.account('alice')
  const { cookies, principal } = await gate.signIn(account, 'files', 'notes')
  const get = (what: string, cookie = cookies.files as string) =>
    download(gate.port, `${gate.origin('files')}/${what}`, { cookie, ...navigation })
  const changeTo = async (rule: string) => gate.server.reload(await gate.load(apps(rule)))
  return { gate, time, account, principal, get, changeTo }
}

const heldIn = (gate: Running) => until(() => (gate.server.runtime.budgets?.held ?? 0) > 0, 'something is held')

async function prove({ server }: Running, principal: Principal, at: number) {
  return (await server.runtime.sessions.prove(principal, { kind: 'totp', at, userVerified: false }))!
}

const asked = { status: 302, headers: { 'factorgate-error': 'budget_proof_required' } }

t.test('a smaller amount counts from the reload on, for what runs and for what is new', async t => {
  const { gate, get, changeTo } = await fixture(t, '{ access: mfa, freshFor: 1GiB }')
  t.equal(await (await get(String(3 * MiB))).end, true)
  await changeTo('{ access: mfa, freshFor: 5MiB }')
  const transfer = await get('endless')
  await heldIn(gate)
  t.ok(transfer.bytes <= 3 * MiB, `${transfer.bytes} bytes of the second came`)
  t.match(await get('10'), asked)
  transfer.stop()
})

t.test('a running download obeys it too', async t => {
  const { gate, get, changeTo } = await fixture(t, '{ access: mfa, freshFor: 100GiB }')
  const transfer = await get('endless')
  await until(() => transfer.bytes > 4 * MiB, 'it runs')
  await changeTo('{ access: mfa, freshFor: 1MiB }')
  await heldIn(gate)
  t.match(await get('10'), asked)
  transfer.stop()
})

t.test('a larger amount, or none any more, lets go on what waits', async t => {
  for (const rule of ['{ access: mfa, freshFor: 1GiB }', '{ access: mfa }']) {
    const { gate, get, changeTo } = await fixture(t, '{ access: mfa, freshFor: 2MiB }')
    const transfer = await get(String(6 * MiB))
    t.teardown(() => transfer.stop())
    await heldIn(gate)
    await changeTo(rule)
    t.equal(await transfer.end, true, rule)
    t.equal((await get('10')).status, 200, rule)
  }
})

t.test('other factors count from the reload on', async t => {
  const { gate, time, principal, get, changeTo } = await fixture(t, '{ access: mfa, freshFor: 2MiB }')
  await changeTo('{ access: mfa, factors: [totp], freshFor: 2MiB }')
  const transfer = await get(String(9 * MiB))
  await heldIn(gate)
  const { bytes } = transfer
  await gate.server.runtime.sessions.prove(principal, { kind: 'recovery', at: time.now + 1, userVerified: false })
  t.match(await get('10'), asked, 'a recovery code is none of them')
  t.ok(transfer.bytes < bytes + MiB)
  transfer.stop()
})

t.test(
  'S1 · a token that was stolen before the proof gains nothing by it, also where the proof was given for another host',
  async t => {
    const { gate, time, principal, get } = await fixture(t, '{ access: mfa, freshFor: 2MiB }')
    const transfer = await get(String(9 * MiB))
    await heldIn(gate)
    transfer.stop()
    t.match(await get('10'), asked)
    time.now += 5000
    // On the way to the notes.
    const { principal: newer } = await prove(gate, principal, time.now)
    const { runtime } = gate.server
    await until(() => runtime.budgets?.held === 0, 'nothing waits')
    await runtime.budgets?.flush()
    time.now += 1000
    t.match(await get('10'), asked, 'the token of the files is as old as before')
    const host = `files.localhost:${gate.port}`
    const token = await tokenAt(runtime.sessions, newer, host)
    t.equal((await get('10', `factorgate=${token}`)).status, 200, 'the one that its owner gets shows the proof')
    t.equal((await get('10')).headers['factorgate-error'], 'sign_in_required', 'and the old one is dead')
  }
)
