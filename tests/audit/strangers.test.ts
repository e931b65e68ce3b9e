import t from 'tap'
import type { AuditEvent } from '../../src/audit/event.ts'
import { linesPerWindow, Strangers, windowMs } from '../../src/audit/strangers.ts'

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

t.test('many addresses share one bound, and nothing is lost', async t => {
  const { lines, time, strangers, turnAway } = desk()
  for (let n = 0; n < 30_000; n++) turnAway(`2001:db8::${n.toString(16)}`)
  t.ok(lines.length <= 10_000 + linesPerWindow)
  const whole = lines.length
  time.now += windowMs
  strangers.flush()
  const counted = lines.slice(whole).reduce((sum, { count }) => sum + Number(count), 0)
  t.equal(whole + counted, 30_000)
  t.equal(lines.at(-1)?.address, undefined)
})
