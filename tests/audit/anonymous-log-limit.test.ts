import t from 'tap'
import { Strangers, shares, windowMs } from '../../src/audit/anonymous-log-limit.ts'
import type { AuditEvent } from '../../src/audit/event.ts'
import { LogRateLimit } from '../../src/audit/log-rate-limit.ts'

const linesPerWindow = shares.refused.network

function desk() {
  const lines: AuditEvent[] = []
  const time = { now: 1_000_000 }
  const sink = { writable: true, record: (event: AuditEvent) => void lines.push(event), commit: async () => {} }
  const strangers = new Strangers(sink, () => time.now)
  const turnAway = (address: string, outcome = 'sign_in_required') =>
    strangers.record({ kind: 'exchange', at: time.now, address, outcome, status: 401 })
  return { lines, time, strangers, turnAway }
}

t.test('after its share an address is counted, by outcome, and told when the minute is over', async t => {
  const { lines, time, strangers, turnAway } = desk()
  for (let n = 0; n < linesPerWindow + 40; n++) turnAway('192.0.2.1')
  for (let n = 0; n < 7; n++) turnAway('192.0.2.1', 'not_found')
  turnAway('192.0.2.2')
  t.equal(lines.length, linesPerWindow + 1, 'another address has a share of its own')
  strangers.flush()
  t.equal(lines.length, linesPerWindow + 1, 'not before the minute is over')
  time.now += windowMs
  strangers.flush()
  t.same(lines.slice(linesPerWindow + 1), [
    {
      kind: 'exchange.repeated',
      at: time.now,
      address: '192.0.2.1',
      since: new Date(1_000_000).toISOString(),
      count: 47,
      outcomes: 'sign_in_required:40 not_found:7'
    }
  ])
  turnAway('192.0.2.1')
  t.equal(lines.length, linesPerWindow + 3, 'and then it has a share again')
})

t.test('the count of an app that only reports says what its rules would do', async t => {
  const { lines, time, strangers } = desk()
  const event = { kind: 'exchange', at: time.now, address: '192.0.2.1', decision: 'forward', status: 200 } as const
  const stopped = { ...event, app: 'trial', would: 'challenge', reason: 'sign_in_required' }
  for (let n = 0; n < shares.public.network + 5; n++) strangers.record(stopped)
  strangers.record({ ...event, app: 'trial' })
  strangers.flush(true)
  t.match(lines.at(-1), { kind: 'exchange.repeated', count: 6, outcomes: 'would_challenge/trial:5 200:1' })
})

t.test('the next request tells too, and so does the end: no count is lost', async t => {
  const { lines, time, strangers, turnAway } = desk()
  for (let n = 0; n < linesPerWindow + 3; n++) turnAway('192.0.2.1')
  time.now += windowMs
  turnAway('192.0.2.1')
  t.match(lines.at(-2), { kind: 'exchange.repeated', count: 3 })
  for (let n = 0; n < linesPerWindow; n++) turnAway('192.0.2.1')
  strangers.flush(true)
  t.match(lines.at(-1), { kind: 'exchange.repeated', count: 1 })
})

t.test('a clock that went back begins a new minute', async t => {
  const { lines, time, strangers, turnAway } = desk()
  for (let n = 0; n < linesPerWindow + 1; n++) turnAway('192.0.2.1')
  time.now -= 3_600_000
  strangers.flush()
  t.match(lines.at(-1), { kind: 'exchange.repeated', count: 1 })
})

/** The whole lines, and the lines with counts. */
function told(lines: readonly AuditEvent[]) {
  const counts = lines.filter(({ kind }) => kind === 'exchange.repeated')
  return {
    whole: lines.filter(({ kind }) => !kind.endsWith('.repeated')).length,
    counts: counts.length,
    counted: counts.reduce((sum, { count }) => sum + Number(count), 0)
  }
}

t.test('FIELD A3 what strangers cause has an end, wherever they are, and none of it is lost', async t => {
  const hex = (n: number) => n.toString(16)
  const rows: [string, (n: number) => string, number, number][] = [
    ['one address', () => '192.0.2.1', 60, 1],
    ['the addresses of one IPv6 /64', n => `2001:db8::${hex(n)}`, 60, 1],
    ['the /64 of one site', n => `2001:db8:1:${hex(n)}::1`, 60, 1],
    ['the sites of one provider', n => `2001:db8:${hex(n)}::1`, 240, 51],
    ['the addresses of one IPv4 /24', n => `192.0.2.${n % 256}`, 240, 51],
    ['the whole world', n => `${(n % 200) + 1}.${n >> 8}.${n & 255}.9`, 600, 51],
    ['nowhere', () => 'unknown', 60, 1]
  ]
  for (const [name, addressOf, whole, counts] of rows) {
    const { lines, time, strangers, turnAway } = desk()
    for (let n = 0; n < 5000; n++) turnAway(addressOf(n))
    time.now += windowMs
    strangers.flush()
    const all = told(lines)
    t.equal(all.whole, whole, `${name}: lines`)
    t.ok(all.counts <= counts, `${name}: ${all.counts} counts`)
    t.equal(all.whole + all.counted, 5000, `${name}: nothing is lost`)
  }
})

t.test('FIELD A3 what reached an app for nobody has a larger bound of its own', async t => {
  const { lines, time, strangers, turnAway } = desk()
  for (let n = 0; n < 1000; n++)
    strangers.record({ kind: 'exchange', at: time.now, address: '192.0.2.1', decision: 'forward', status: 200 })
  t.equal(lines.length, shares.public.network)
  turnAway('192.0.2.1')
  t.equal(lines.length, shares.public.network + 1, 'and takes nothing from what is turned away')
  time.now += windowMs
  strangers.flush()
  t.match(lines.at(-1), { count: 700, outcomes: '200:700' })
})

t.test('FIELD A3 who tried which account stays useful: one line an account and minute', async t => {
  const { lines, time, strangers } = desk()
  const sink = strangers.sink()
  for (let n = 0; n < 900; n++)
    sink.record({
      kind: n % 3 === 0 ? 'login' : 'throttle',
      at: time.now,
      address: `198.51.${n >> 8}.${n & 255}`,
      account: `A${n % 2}`,
      name: `name${n % 2}`,
      outcome: n % 3 === 0 ? 'refused' : 'throttled'
    })
  sink.record({ kind: 'login', at: time.now, address: '198.51.100.1', account: 'A0', outcome: 'accepted' })
  t.equal(lines.filter(({ outcome }) => outcome === 'accepted').length, 1, 'what was accepted is always a line')
  const whole = lines.length
  t.ok(whole <= 601)
  time.now += windowMs
  strangers.flush()
  const accounts = lines.filter(({ kind }) => kind === 'login.repeated')
  t.same(accounts.map(({ account, name }) => [account, name]).sort(), [
    ['A0', 'name0'],
    ['A1', 'name1']
  ])
  t.equal(
    accounts.reduce((sum, { count }) => sum + Number(count), 0),
    901 - whole
  )
  for (const { outcomes, networks } of accounts) {
    t.match(outcomes, /login_refused:\d+/)
    t.match(outcomes, /throttle_throttled:\d+/)
    t.ok(Number(networks) > 10)
  }
})

t.test('FIELD A3 attacks on very many accounts are told in few lines', async t => {
  const { lines, time, strangers } = desk()
  for (let n = 0; n < 20_000; n++)
    strangers.record({ kind: 'login', at: time.now, address: '192.0.2.1', account: `A${n}`, outcome: 'refused' })
  time.now += windowMs
  strangers.flush()
  t.ok(lines.length <= 60 + 1 + 51, `${lines.length} lines`)
})

t.test('FIELD A3 the log tells the same thing sixty times a minute, and how often it did not', async t => {
  const time = { now: 0 }
  const share = new LogRateLimit(() => time.now)
  let written = 0
  for (let n = 0; n < 1000; n++) if (share.take('store_unreachable') !== null) written++
  t.equal(written, 60)
  t.same(share.take('internal'), {}, 'another code has a share of its own')
  time.now += 60_000
  t.same(share.take('store_unreachable'), { skipped: 940 })
  t.same(share.take('store_unreachable'), {})
})
