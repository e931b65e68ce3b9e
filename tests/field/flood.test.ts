/** FIELD A2 and A3: a flood of wrong passwords beside people who sign in, and what it leaves in store and journal. */
import { readFileSync, statSync } from 'node:fs'
import path from 'node:path'
import t, { type Test } from 'tap'
import { cookieNames } from '../../plugins/cookies.ts'
import { shares } from '../../src/audit/anonymous-log-limit.ts'
import { FairQueue } from '../../src/identity/password/fair-queue.ts'
import { HashQueue } from '../../src/identity/password/hash-queue.ts'
import { newToken } from '../../src/ids.ts'
import { AttemptBuckets } from '../../src/throttle/attempt-buckets.ts'
import { countRecord } from '../../src/throttle/count.ts'
import { type Running, startGateway } from '../fixtures/in-process/gateway.ts'
import { startRedis } from '../fixtures/process/redis-server.ts'
import { guess, type HeldForm, loginForm, password } from '../threats/doors.ts'

const apps = `
  - { id: one, title: One, url: "http://one.localhost:PORT", upstream: "http://127.0.0.1:9" }`

/** People with passwords. Hashed once: what it costs is not the question here. */
async function people(gate: Running, count: number) {
  const { runtime } = gate.server
  const first = await gate.account('person0')
  await runtime.local.setPassword(first.id, password)
  const hash = (await runtime.store.get(`password:${first.id}`)) as string
  const all = [first]
  for (let n = 1; n < count; n++) {
    const account = await gate.account(`person${n}`)
    await runtime.store.put(`password:${account.id}`, hash)
    all.push(account)
  }
  return all
}

/** So many connections that never stop, each with the next of these guesses, until told to. */
function flood(gate: Running, form: HeldForm, connections: number, next: (n: number) => [name: string, from: string]) {
  let isOver = false
  let sent = 0
  const statuses: Record<number, number> = {}
  const workers = Array.from({ length: connections }, async () => {
    while (!isOver) {
      const [name, from] = next(sent++)
      const { status } = await guess(gate, form, name, 'wrong password', { 'x-forwarded-for': from })
      statuses[status] = (statuses[status] ?? 0) + 1
    }
  })
  return {
    statuses,
    async stop() {
      isOver = true
      await Promise.all(workers)
    }
  }
}

async function keysOf(gate: Running): Promise<string[]> {
  const keys: string[] = []
  // A count that was given back whole stays for a second.
  for await (const { key, value } of gate.server.runtime.store.scan('attempts:'))
    if ((countRecord.parseIfKnown(value)?.failures ?? 1) > 0.001) keys.push(key)
  return keys
}

const hex = (n: number) => n.toString(16)
const floods: [string, (n: number) => [string, string]][] = [
  ['one /48, names of people', n => [`person${n % 6}`, `2001:db8:1:${hex(n % 65_536)}::1`]],
  ['several /48, made-up names', n => [`nobody${n}`, `2001:db8:${hex(n % 2)}:${hex(n % 65_536)}::1`]],
  ['an IPv4 /24, both', n => [n % 2 === 0 ? `person${n % 6}` : `x${n}`, `198.51.100.${n % 256}`]],
  ['one address, no names at all', n => [`a b ${n}`, '192.0.2.7']]
]

async function besideFloods(t: Test, store?: string) {
  const extra = 'trustedProxies: ["127.0.0.1/32"]'
  // A flood is one where those who want to be hashed stand in line.
  const gate = await startGateway(t, { apps, extra, hasher: 'real', ...(store === undefined ? {} : { store }) })
  const { runtime } = gate.server
  const accounts = await people(gate, 6)
  const form = await loginForm(gate)
  const guesses = new AttemptBuckets(runtime.store)
  const known = cookieNames({ secure: false, port: String(gate.port) }).known
  const journal = path.join(gate.folder, 'journal.jsonl')
  for (const [name, next] of store === undefined ? floods.slice(1) : floods.slice(0, 1)) {
    const before = { keys: (await keysOf(gate)).length, bytes: statSync(journal).size }
    const attack = flood(gate, form, 40, next)
    // The flood is under way before anybody comes, and past what the journal writes of one network line by line.
    const sent = () => Object.values(attack.statuses).reduce((all, count) => all + count, 0)
    while ((attack.statuses[429] ?? 0) + (attack.statuses[503] ?? 0) < 40 || sent() < 2 * shares.refused.network)
      await new Promise(setImmediate)
    const answers = await Promise.all(
      accounts.map(async ({ id, name }, n) => {
        const origin = { address: `203.0.113.${n + 1}`, browser: newToken() }
        // A third with their browser, a third from a network they use, and a third from a place where they never were.
        if (n % 3 === 0) await guesses.remember(id, { address: 'unknown', browser: origin.browser })
        if (n % 3 === 1) await guesses.remember(id, { address: origin.address })
        const cookie = n % 3 === 0 ? `${form.cookie}; ${known}=${origin.browser}` : form.cookie
        const headers = { 'x-forwarded-for': origin.address, cookie }
        const { status } = await guess(gate, form, name, password, headers)
        await guesses.removeAll(id)
        return status
      })
    )
    await attack.stop()
    t.same(answers, Array(6).fill(303), `${name}: everybody with the right password gets in, new places included`)
    const sum = sent()
    const after = { keys: (await keysOf(gate)).length, bytes: statSync(journal).size }
    t.comment(
      `${name}: ${JSON.stringify(attack.statuses)}, ${after.keys - before.keys} keys, ${after.bytes - before.bytes} bytes`
    )
    t.ok((attack.statuses[401] ?? 0) < 300, `${name}: few of ${sum} are checked`)
    t.ok(
      after.keys - before.keys < 4 * ((attack.statuses[401] ?? 0) + 24),
      `${name}: what is not checked leaves nothing`
    )
    t.ok(after.bytes - before.bytes < 400 * 1024, `${name}: ${after.bytes - before.bytes} bytes in the journal`)
  }
  runtime.strangers.flush(true)
  await runtime.journal.flush()
  const lines = readFileSync(journal, 'utf8')
  t.match(
    lines,
    /"kind":"exchange\.repeated"[^\n]*"address":"(?:2001:db8:1::\/48|192\.0\.2\.7)"/,
    'the rest is counted'
  )
  t.match(lines, /"kind":"login\.repeated"[^\n]*"name":"person\d+"/, 'also by who was tried')
}

t.test('FIELD A2, A3 people sign in beside a flood, which leaves next to nothing', async t => besideFloods(t))

t.test('FIELD A2, A3 the same with Redis', async t => besideFloods(t, (await startRedis(t)).url))

t.test('FIELD A2 a line serves regions, providers, sites and addresses in turn', t => {
  const line = new FairQueue<string>(100)
  for (let n = 0; n < 30; n++) line.push(`2001:db8:1:${hex(n)}::1`, `flood ${n}`)
  for (let n = 0; n < 30; n++) line.push(`198.51.100.${n}`, `crowd ${n}`)
  line.push('203.0.113.1', 'one')
  line.push('2001:db8:2::1', 'neighbour')
  t.same(
    Array.from({ length: 6 }, () => line.shift()),
    ['flood 0', 'crowd 0', 'one', 'neighbour', 'crowd 1', 'flood 1']
  )
  for (let left = 56; left > 0; left--) t.ok(line.shift())
  t.equal(line.shift(), null)
  t.end()
})

t.test('FIELD A2 where a line is full, whoever holds most places loses the last of them', t => {
  const line = new FairQueue<string>(10)
  for (let n = 0; n < 10; n++) t.equal(line.push(`2001:db8:1:${hex(n)}::1`, `flood ${n}`), null)
  t.ok(line.isFullFor('2001:db8:1:77::1'))
  t.equal(line.push('2001:db8:1:77::1', 'more'), 'more', 'the flood has no more room')
  for (let n = 0; n < 5; n++) {
    t.notOk(line.isFullFor(`203.0.${n}.1`))
    t.equal(line.push(`203.0.${n}.1`, `person ${n}`), `flood ${9 - n}`)
  }
  t.equal(line.push('203.0.9.1', 'sixth'), 'sixth', 'until both have the same')
  t.equal(line.push('192.0.2.1', 'elsewhere'), 'person 4', 'and a third takes from one of those who have most')
  line.remove('elsewhere')
  line.remove('elsewhere')
  t.same(
    Array.from({ length: 10 }, () => line.shift() !== null),
    [...Array(9).fill(true), false]
  )
  t.end()
})

t.test(
  'FIELD A2 known browsers first, then known networks, strangers every fourth turn; nobody waits for ever',
  async t => {
    const turns = new HashQueue({ concurrency: 1, queue: 32, maxWaitMs: 60_000 })
    t.ok(await turns.acquire({ from: 'elsewhere', address: '192.0.2.1' }))
    const order: string[] = []
    const all = (['elsewhere', 'network', 'browser'] as const).flatMap(from =>
      [1, 2, 3].map(async n => {
        if (await turns.acquire({ from, address: `192.0.2.${n}` })) order.push(from)
        turns.release()
      })
    )
    turns.release()
    await Promise.all(all)
    t.same(order, [
      ...['browser', 'browser', 'browser', 'elsewhere'],
      ...['network', 'network', 'network', 'elsewhere', 'elsewhere']
    ])
    const hasty = new HashQueue({ concurrency: 1, queue: 2, maxWaitMs: 1 })
    t.ok(await hasty.acquire({ from: 'elsewhere', address: '192.0.2.1' }))
    t.notOk(await hasty.acquire({ from: 'elsewhere', address: '192.0.2.2' }), 'whoever has waited too long hears so')
    hasty.release()
    t.ok(await hasty.acquire({ from: 'elsewhere', address: '192.0.2.2' }), 'and holds no place any more')
  }
)
