/** What budgets do to people, through the whole gate, with a test clock: hold, ask, go on, slow, cut, suspend. */
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import net from 'node:net'
import path from 'node:path'
import t, { type Test } from 'tap'
import type { Principal } from '../../src/session/principal.ts'
import { navigation, type Running, startGateway, tokenAt } from '../fixtures/in-process/gateway.ts'
import { download, startTorrent } from '../fixtures/in-process/torrent.ts'
import { until } from '../fixtures/in-process/until.ts'

const MiB = 1024 ** 2
const start = 1_800_000_000_000

async function gateWith(t: Test, budgets: string, apps = '') {
  const { url } = await startTorrent(t)
  const time = { now: start }
  const gate = await startGateway(t, {
    clock: () => time.now,
    apps: `  - { id: files, url: "http://files.localhost:PORT", upstream: "${url}"${apps} }`,
    ...(budgets === '' ? {} : { extra: `watch: { budgets: [${budgets}] }` })
  })
  const account = await gate.account('alice')
  const { cookies, principal } = await gate.signIn(account, 'files')
  const get = (what: string, cookie = cookies.files as string, headers: Record<string, string> = navigation) =>
    download(gate.port, `${gate.origin('files')}/${what}`, { cookie, ...headers })
  return { gate, time, account, principal, cookie: cookies.files as string, get }
}

/** The bytes that have come when an exchange waits for a proof, and everything that is under way has arrived. */
async function whenHeld({ server }: Running, count: () => number): Promise<number> {
  await until(() => (server.runtime.budgets?.held ?? 0) > 0, 'something is held')
  let last = -1
  await until(async () => {
    await new Promise(resolve => setTimeout(resolve, 50))
    const same = last === count()
    last = count()
    return same
  }, 'it stands still')
  return count()
}

async function prove({ server }: Running, principal: Principal, at: number): Promise<void> {
  await server.runtime.sessions.prove(principal, { kind: 'totp', at, userVerified: false })
}

const journalOf = async (gate: Running, kind: string) => {
  await gate.server.runtime.journal.flush()
  return readFileSync(path.join(gate.folder, 'journal.jsonl'), 'utf8')
    .split('\n')
    .filter(line => line.includes(`"kind":"${kind}"`))
    .map(line => JSON.parse(line))
}

t.test('step-up holds a running transfer; a fresh proof lets it go on, whole', async t => {
  const { gate, time, account, principal, get } = await gateWith(
    t,
    '{ id: bulk, per: person, app: files, window: 1h, bytes: 20MiB, then: [journal, step-up, cut] }'
  )
  const transfer = await get(String(30 * MiB))
  const held = await whenHeld(gate, () => transfer.bytes)
  t.ok(held >= 19 * MiB && held <= 21 * MiB, `${held} bytes came, then it waits`)
  t.match(await journalOf(gate, 'watch.budget'), [
    {
      outcome: 'passed',
      budget: 'bulk',
      account: account.id,
      name: 'alice',
      app: 'files',
      per: 'person',
      limit: 20 * MiB,
      window: 3600,
      steps: 'journal,step-up,cut',
      why: /^alice has fetched 20(\.\d)? MiB from files within 1 hour; the budget 'bulk' allows 20 MiB\.$/
    }
  ])
  const asked = await get('10')
  t.match(asked, { status: 302, headers: { 'factorgate-error': 'budget_proof_required', location: /\/challenge\?/ } })
  time.now += 30_000
  gate.server.runtime.budgets?.tick()
  t.equal(await whenHeld(gate, () => transfer.bytes), held, 'half a minute later it waits still')
  await prove(gate, principal, time.now)
  t.equal(await transfer.end, true, 'after the proof it goes on to its end')
  t.equal(transfer.bytes, 30 * MiB)
  t.match((await journalOf(gate, 'watch.budget')).at(-1), { outcome: 'bought', limit: 40 * MiB })
})

t.test('a transfer that waits is cut after a minute, and new requests are asked', async t => {
  const { gate, time, get } = await gateWith(t, '{ id: bulk, per: person, window: 10m, bytes: 5MiB, then: [step-up] }')
  const transfer = await get('endless')
  const held = await whenHeld(gate, () => transfer.bytes)
  time.now += 60_001
  gate.server.runtime.budgets?.tick()
  t.equal(await transfer.end, false, 'it never looks whole')
  t.ok(transfer.bytes - held < MiB)
  t.match(await get('10'), { headers: { 'factorgate-error': 'budget_proof_required' } })
  time.now += 660_000
  t.equal((await get('10')).status, 200, 'when the window has moved on, nobody is asked')
})

t.test('WebSockets and event streams wait too', async t => {
  const server = net.createServer(socket => {
    socket.on('error', () => {})
    socket.once('data', () => {
      socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n')
      const frame = Buffer.concat([Buffer.from([0x82, 126, 0x80, 0]), Buffer.alloc(0x8000)])
      const more = () => {
        while (!socket.destroyed && socket.write(frame));
      }
      socket.on('drain', more)
      more()
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  const time = { now: start }
  const gate = await startGateway(t, {
    clock: () => time.now,
    apps: `  - { id: files, url: "http://files.localhost:PORT", upstream: "http://127.0.0.1:${(server.address() as net.AddressInfo).port}" }`,
    extra: 'watch: { budgets: [{ id: bulk, per: session, window: 1h, bytes: 4MiB, then: [step-up] }] }'
  })
  const { cookies, principal } = await gate.signIn(await gate.account('alice'), 'files')
  const origin = gate.origin('files')
  const client = net.connect(gate.port, '127.0.0.1')
  t.teardown(() => client.destroy())
  let bytes = 0
  client.on('data', chunk => {
    bytes += chunk.length
  })
  client.on('error', () => {})
  client.write(
    `GET /ws HTTP/1.1\r\nHost: ${new URL(origin).host}\r\nOrigin: ${origin}\r\nCookie: ${cookies.files}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`
  )
  const held = await whenHeld(gate, () => bytes)
  t.ok(held > 3 * MiB && held < 5 * MiB, `${held} bytes came`)
  await prove(gate, principal, time.now + 1)
  await until(() => bytes > held + 2 * MiB, 'the socket goes on after the proof')
  const again = await whenHeld(gate, () => bytes)
  t.ok(again < 9 * MiB, 'up to one more budget')
  time.now += 60_010
  const closed = once(client, 'close')
  gate.server.runtime.budgets?.tick()
  await closed
  t.pass('then it is closed')
})

t.test('cut ends what runs and refuses what is new, and says when there is room again', async t => {
  const { get, time } = await gateWith(t, '{ id: theft, per: person, window: 10m, bytes: 3MiB, then: [notify, cut] }')
  const quiet = await get('quiet')
  const transfer = await get('endless')
  t.equal(await transfer.end, false)
  t.ok(transfer.bytes < 4 * MiB)
  t.equal(await quiet.end, false, 'a stream that is idle ends as well')
  const refused = await get('10')
  t.match(refused, { status: 429, headers: { 'factorgate-error': 'budget_spent' } })
  time.now += Number(refused.headers['retry-after']) * 1000
  t.equal((await get('10')).status, 200, 'after that time there is room')
})

t.test('suspend ends the account’s access until an operator resumes it; then there is one more budget', async t => {
  const { gate, time, account, get } = await gateWith(
    t,
    '{ id: theft, per: person, app: files, window: 24h, bytes: 3MiB, then: [notify, cut, suspend] }'
  )
  const transfer = await get('endless')
  t.equal(await transfer.end, false)
  const { runtime } = gate.server
  await until(async () => (await runtime.accounts.byId(account.id))?.suspended != null, 'the account is suspended')
  await until(async () => (await journalOf(gate, 'user.change')).length > 0, 'it is in the journal')
  t.match(await journalOf(gate, 'user.change'), [
    { outcome: 'suspended', account: account.id, by: 'watch', why: /^alice has fetched 3(\.\d)? MiB from files/ }
  ])
  t.match(
    (await runtime.accounts.byId(account.id))?.suspended?.reasons,
    [{ id: 'budgetFetched', facts: { app: 'files', seconds: 86_400, budget: 'theft', limit: 3 * MiB } }],
    'its page can say it in each language'
  )
  t.equal((await get('10')).status, 302, 'the session has ended')
  time.now += 3_600_000
  await runtime.accounts.resume(account.id)
  const { cookies } = await gate.signIn(account, 'files')
  const cookie = cookies.files as string
  const second = await get(String(2 * MiB), cookie)
  t.equal(await second.end, true, 'after the operator’s word it goes on')
  t.equal((await runtime.accounts.byId(account.id))?.suspended, null)
})

t.test(
  'O7 · another site makes a browser ask again and again → it is stopped and told, and the account stays',
  async t => {
    const { gate, account, get, time, principal } = await gateWith(
      t,
      '{ id: many, per: person, window: 10m, requests: 30, then: [notify, cut, suspend] }'
    )
    const foreign = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }
    const suspension = async () => (await gate.server.runtime.accounts.byId(account.id))?.suspended ?? null
    const ask = async (times: number, headers: Record<string, string>, cookie?: string) => {
      for (let n = 0; n < times; n++) {
        const answer = await get('10', cookie, headers)
        await gate.server.runtime.budgets?.flush()
        if (answer.status !== 200) return answer
      }
      return null
    }
    t.ok(await ask(40, foreign), 'one of them is refused')
    // The first may be refused before the ledger says whose requests they were. `ask` has waited for that since.
    t.match(await ask(1, foreign), { headers: { 'factorgate-error': 'budget_proof_required' } })
    t.equal(await suspension(), null)
    const told = /not suspended for it\. Whoever confirms it with a second factor may go on, and operators can lift it/
    t.match(await journalOf(gate, 'watch.budget'), [{ outcome: 'passed', led: 31, used: 31, spared: 'led', why: told }])
    const { cookies } = await gate.signIn(account, 'files')
    const refused = { headers: { 'factorgate-error': 'budget_proof_required' } }
    t.match(await get('10', cookies.files as string), refused, 'an old proof buys nothing')
    time.now += 10_000
    const { sessions } = gate.server.runtime
    const host = `files.localhost:${gate.port}`
    const proven = await sessions.prove(principal, { kind: 'totp', at: time.now, userVerified: false })
    const again = `factorgate=${await tokenAt(sessions, proven!.principal, host)}`
    t.equal((await get('10', again)).status, 200, 'nobody waits for the end of the window for what another site did')
    t.match(await get('10', cookies.files as string), refused, 'another sign-in needs a proof of its own')
    await gate.server.runtime.budgets?.flush()
    time.now += 700_000
    const here = { ...foreign, 'sec-fetch-site': 'same-origin' }
    await ask(40, here, again)
    t.not(await suspension(), null, 'what the person does of their own accord counts as before')
    const last = (await journalOf(gate, 'watch.budget')).at(-1)
    t.match(last, { outcome: 'passed' })
    t.equal(last?.spared, undefined, 'nobody is spared then')
  }
)

t.test('a person who is resumed goes on, also if the budget suspends nobody any more', async t => {
  const { gate, time, account, get } = await gateWith(
    t,
    '{ id: theft, per: person, app: files, window: 24h, bytes: 3MiB, then: [cut, suspend] }'
  )
  t.equal(await (await get('endless')).end, false)
  const { runtime } = gate.server
  await until(async () => (await runtime.accounts.byId(account.id))?.suspended != null, 'the account is suspended')
  const config = await gate.load()
  // biome-ignore lint/suspicious/noThenProperty: it is the key of the configuration.
  const budgets = config.watch?.budgets.map(budget => ({ ...budget, then: ['journal', 'cut'] as const })) ?? []
  await gate.server.reload({ ...config, watch: { ...(config.watch as NonNullable<typeof config.watch>), budgets } })
  time.now += 3_600_000
  await runtime.accounts.resume(account.id)
  const { cookies } = await gate.signIn(account, 'files')
  const transfer = await get(String(2 * MiB), cookies.files as string)
  const end = setTimeout(() => transfer.stop(), 10_000)
  t.equal(await transfer.end, true)
  clearTimeout(end)
})

t.test('slow caps the rate of everything that counts together', async t => {
  const { gate, time, get } = await gateWith(
    t,
    '{ id: hoard, per: session, window: 10m, distinctPaths: 2, then: [slow], rate: 1MiB }'
  )
  for (const n of [1, 2, 3]) await (await get(String(n))).end
  await gate.server.runtime.budgets?.flush()
  const two = await Promise.all([get('endless'), get('endless')])
  const bytes = () => two.reduce((sum, one) => sum + one.bytes, 0)
  const { budgets } = gate.server.runtime
  const from = bytes()
  for (let quarter = 0; quarter < 40; quarter++) {
    time.now += 250
    budgets?.tick()
    await budgets?.flush()
    // What the gate has let pass arrives within a few turns.
    for (let turn = 0; turn < 40; turn++) await new Promise(resolve => setImmediate(resolve))
  }
  const rate = (bytes() - from) / 10
  t.ok(rate > 0.5 * MiB && rate < 1.3 * MiB, `${(rate / MiB).toFixed(2)} MiB a second`)
  for (const one of two) one.stop()
})

t.test('requests are counted, uploads have budgets of their own, and one app’s budget is no other’s', async t => {
  const { gate, get } = await gateWith(
    t,
    '{ id: many, per: person, window: 10m, requests: 3, then: [cut] }, { id: sent, per: person, window: 1h, bytes: 1MiB, direction: in, then: [cut] }'
  )
  for (const _ of [1, 2, 3]) t.equal((await get('1')).status, 200)
  await get('1')
  await gate.server.runtime.budgets?.flush()
  t.equal((await get('1')).status, 429)
  const other = await gate.signIn(await gate.account('bob'), 'files')
  const send = (bytes: number) =>
    gate.request('POST', `${gate.origin('files')}/swallow`, { cookie: other.cookies.files }, Buffer.alloc(bytes))
  t.equal((await send(1000)).status, 200)
  const sent = await send(8 * MiB)
  t.match(sent.body, /fetched or sent/)
  t.equal(sent.status, 429, 'an upload beyond its budget is told why, while the app has said nothing')
})

t.test('a proof that is given elsewhere counts, although nothing of the person waits', async t => {
  const { gate, time, account, principal, get } = await gateWith(
    t,
    '{ id: many, per: person, app: files, window: 10m, requests: 3, then: [step-up, suspend] }'
  )
  const other = await gate.signIn(account, 'files')
  for (const _ of [1, 2, 3, 4]) await get('1')
  const { runtime } = gate.server
  await runtime.budgets?.flush()
  t.match(await get('1'), { headers: { 'factorgate-error': 'budget_proof_required' } })
  time.now += 30_000
  await prove(gate, principal, time.now)
  const bought = async () => (await journalOf(gate, 'watch.budget')).some(({ outcome }) => outcome === 'bought')
  await until(bought, 'the proof buys one more budget')
  time.now += 31_000
  t.match(await get('1', other.cookies.files), { headers: { 'factorgate-error': 'budget_proof_required' } })
  await runtime.budgets?.flush()
  t.notOk((await journalOf(gate, 'watch.budget')).some(({ outcome }) => outcome === 'unanswered'))
  t.equal((await runtime.accounts.byId(account.id))?.suspended, null, 'whoever has confirmed is not suspended')
})

t.test('freshFor: so much leaves with one proof', async t => {
  const { gate, time, principal, get } = await gateWith(
    t,
    '',
    ', rules: [{ path: /quiet, access: mfa }, { access: mfa, freshFor: 4MiB }]'
  )
  t.equal(await (await get(String(3 * MiB))).end, true)
  time.now += 1000
  const transfer = await get(String(6 * MiB))
  const held = await whenHeld(gate, () => transfer.bytes)
  t.ok(held < 2 * MiB, `${held} bytes of the second came`)
  t.match(await get('10'), { headers: { 'factorgate-error': 'budget_proof_required' } })
  const [line] = await journalOf(gate, 'watch.budget')
  t.match(line, {
    why: /^alice has fetched [\d.]+ MiB from files with one proof; the budget 'freshFor \(files\)' allows 4 MiB\.$/
  })
  t.notOk('window' in line, 'there is none')
  t.equal((await get('quiet')).status, 200, 'another rule asks nothing')
  await prove(gate, principal, time.now + 1)
  await until(() => transfer.bytes > held + MiB, 'the proof lets it go on')
  transfer.stop()
})

t.test('with enforce: report budgets count and tell, and stop nobody', async t => {
  const { gate, account, get } = await gateWith(
    t,
    '{ id: theft, per: person, window: 1h, bytes: 1MiB, then: [cut, suspend] }',
    ', enforce: report'
  )
  t.equal(await (await get(String(8 * MiB))).end, true)
  const { runtime } = gate.server
  await runtime.budgets?.flush()
  await until(async () => (await journalOf(gate, 'watch.budget')).length > 0, 'it is in the journal')
  t.match(await journalOf(gate, 'watch.budget'), [{ outcome: 'passed', budget: 'theft.report', name: 'alice' }])
  t.equal((await get('10')).status, 200)
  t.equal((await runtime.accounts.byId(account.id))?.suspended, null, 'a budget of all apps suspends nobody for it')
})

t.test('a reload keeps the counts, and what waits for a budget that is gone goes on', async t => {
  const { gate, get } = await gateWith(t, '{ id: bulk, per: person, window: 1h, bytes: 2MiB, then: [step-up] }')
  const transfer = await get(String(6 * MiB))
  await whenHeld(gate, () => transfer.bytes)
  const config = await gate.load()
  await gate.server.reload(config)
  t.match(await get('10'), { headers: { 'factorgate-error': 'budget_proof_required' } }, 'the count goes on')
  await gate.server.reload({ ...config, watch: null })
  t.equal(await transfer.end, true)
})
