/** What lines of the journal add up to, which list they belong to, and the form of CSV. */
import t from 'tap'
import type { Entry } from '../../src/audit/journal-files.ts'
import { csvLine } from '../../src/evidence/csv.ts'
import { eventColumns, eventRow, listOf } from '../../src/evidence/event-lists.ts'
import { JournalFigures } from '../../src/evidence/journal-figures.ts'
import { stepAt, stepsOf } from '../../src/evidence/time-steps.ts'

const at = Date.parse('2026-11-28T12:00:00Z')
const line = (kind: string, more: object = {}) => ({ at: new Date(at).toISOString(), kind, ...more }) as Entry
const ada = { account: 'a1', name: 'ada' }

function figuresOf(...entries: Entry[]): JournalFigures {
  const figures = new JournalFigures(stepsOf(at - 3600_000, at))
  for (const entry of entries) figures.add(entry, at)
  return figures
}

t.test('a flood counts once, and for each person once', async t => {
  const figures = figuresOf(
    line('login', { ...ada, factor: 'password', outcome: 'refused' }),
    line('exchange.repeated', {
      address: '192.0.2.0/24',
      count: 66,
      outcomes: 'login_refused:40 proof_refused:3 throttle_throttled:5 not_allowed:7 wrong_credentials:9 404x:1 303:1'
    }),
    line('login.repeated', { ...ada, count: 43, outcomes: 'login_refused:40 proof_refused:3', networks: 1 })
  )
  t.match(figures, { signIns: { accepted: 0, refused: 41 }, proofs: { refused: 3 }, throttled: 5 })
  t.match(figures.requests, { all: 18, refused: 8, own: 9, onlyCounted: 18 })
  t.equal(figures.people.get('a1')?.refused, 44)
  t.strictSame(
    figures.reasons,
    new Map([
      ['not_allowed', 7],
      ['404x', 1]
    ])
  )
})

t.test('what became of a request', async t => {
  const rows: readonly (readonly [string, object, keyof JournalFigures['requests']])[] = [
    ['forwarded', { decision: 'forward', status: 200, outcome: 'complete' }, 'forwarded'],
    ['the app does not answer', { decision: 'forward', outcome: 'app_unreachable' }, 'failed'],
    ['a budget says no', { decision: 'forward', outcome: 'budget_spent' }, 'refused'],
    ['a rule says no', { decision: 'refuse', reason: 'not_allowed', outcome: 'not_allowed' }, 'refused'],
    ['the person must sign in', { decision: 'challenge', reason: 'sign_in_required' }, 'asked'],
    ['a program must sign in', { outcome: 'sign_in_required' }, 'asked'],
    ['no such app', { outcome: 'no_such_app' }, 'refused'],
    ['a code that nobody knows yet', { outcome: 'from_the_future' }, 'refused'],
    ['the store is down', { outcome: 'store_unreachable' }, 'failed'],
    ['a page of the gate', {}, 'own'],
    ['a wrong password, which has a line of its own', { outcome: 'wrong_credentials' }, 'own']
  ]
  for (const [sentence, fields, result] of rows) {
    const entry = line('exchange', { app: 'x', ...fields })
    const { requests } = figuresOf(entry)
    for (const other of ['forwarded', 'failed', 'refused', 'asked', 'own'] as const)
      t.equal(requests[other], Number(other === result), `${sentence}: ${other}`)
    t.equal(listOf(entry), result === 'refused' ? 'refusals' : null, sentence)
  }
})

t.test('apps, people, bytes and lost lines', async t => {
  const figures = figuresOf(
    line('exchange', { ...ada, app: 'x', decision: 'forward', bytesOut: 100, bytesIn: 5 }),
    line('exchange', { account: 'b2', app: 'x', decision: 'forward', bytesOut: 10, would: 'refuse' }),
    line('socket.open', { ...ada, app: 'x', decision: 'forward' }),
    line('socket.close', { ...ada, app: 'x', bytesOut: 7 }),
    line('exchange.repeated', { outcomes: 'would_challenge/x:4' }),
    line('journal.resume', { lost: 12 }),
    line('exchange', { app: 'x', decision: 'forward', bytesOut: -5 })
  )
  t.match(figures.apps.get('x'), { forwarded: 4, wouldStop: 5, bytesOut: 117 })
  t.equal(figures.apps.get('x')?.people.size, 2)
  t.match(figures.requests, { bytesIn: 5, bytesOut: 117, all: 8 })
  t.equal(figures.lostLines, 12)
  t.match(figures.people.get('a1'), { requests: 2, signIns: 0, lastSignInAt: 0 })
})

t.test('memory has a bound, whatever stands in the lines', async t => {
  const figures = new JournalFigures(stepsOf(at, at))
  for (let i = 0; i < 5000; i++) {
    figures.add(line(`kind.${i}`), at)
    figures.add(line('exchange', { app: `app${i}`, outcome: `code${i}` }), at)
    figures.add(line('login', { factor: `factor${i}`, outcome: 'refused' }), at)
  }
  for (const map of [figures.kinds, figures.apps, figures.reasons, figures.factors])
    t.ok(map.size <= 2001, `${map.size}`)
  t.equal(figures.signIns.refused, 5000, 'and nothing is left out of the sums')
  t.equal(
    [...figures.reasons.values()].reduce((sum, count) => sum + count, 0),
    5000
  )
})

t.test('each kind of line has its list', async t => {
  const rows: readonly (readonly [Entry, ReturnType<typeof listOf>])[] = [
    [line('throttle', { outcome: 'throttled' }), 'sign-ins'],
    [line('user.change', { outcome: 'suspended' }), 'suspensions'],
    [line('user.change', { outcome: 'added' }), 'changes'],
    [line('enrol', { outcome: 'enrolled' }), 'changes'],
    [line('enrol', { outcome: 'refused' }), 'refusals'],
    [line('gate.reload', { outcome: 'refused' }), 'changes'],
    [line('journal.checkpoint'), null],
    [line('session.end', { outcome: 'revoked' }), null],
    [line('watch.budget', { outcome: 'passed' }), 'warnings'],
    [line('journal.resume', { lost: 1 }), 'warnings'],
    [line('kind.of.tomorrow'), 'changes']
  ]
  for (const [entry, list] of rows) t.equal(listOf(entry), list, `${entry.kind} ${entry.outcome ?? ''}`)
  const row = eventRow(line('enrol', { seq: 7, prev: 'x', ...ada, credential: 'c', proofs: { a: 1 } }))
  t.equal(row.length, eventColumns.length)
  t.equal(row[eventColumns.indexOf('line')], 7)
  t.equal(row.at(-1), 'credential=c proofs={"a":1}', 'nothing is left out but the chain')
})

t.test('a spreadsheet takes no cell for a formula, and every line is one line', async t => {
  const rows: readonly (readonly [string, string])[] = [
    ['plain', 'plain'],
    ['=1+1', `"'=1+1"`],
    ['+1', `"'+1"`],
    ['-1', `"'-1"`],
    ['@SUM(A1)', `"'@SUM(A1)"`],
    ['\t=1', `"'\\u{0009}=1"`],
    ['  =1', `"'  =1"`],
    ['＝1', `"'＝1"`],
    ['a,b', '"a,b"'],
    ['say "x"', '"say ""x"""'],
    ['a\r\nb', 'a\\u{000d}\\u{000a}b'],
    ['\u202eabc', '\\u{202e}abc'],
    ['', '']
  ]
  for (const [text, cell] of rows) t.equal(csvLine([text]), `${cell}\r\n`, JSON.stringify(text))
  t.equal(csvLine([1, -5, null, undefined, true]), '1,-5,,,true\r\n', 'a number stays a number')
})

t.test('steps cover any range, and there are never many', async t => {
  for (const [from, to] of [
    ['2026-11-28T12:00:00Z', '2026-11-28T12:00:00Z'],
    ['2026-11-28T12:00:00Z', '2026-11-29T12:00:00Z'],
    ['2026-11-01T00:00:00Z', '2026-11-30T23:59:59.999Z'],
    ['2026-01-01T00:00:00Z', '2026-12-31T23:59:59.999Z'],
    ['1990-01-01T00:00:00Z', '2026-12-31T23:59:59.999Z']
  ] as const) {
    const [start, end] = [Date.parse(from), Date.parse(to)]
    const steps = stepsOf(start, end)
    t.ok(steps.count >= 1 && steps.count <= 102, `${steps.count} steps of ${steps.word}`)
    t.ok(steps.start <= start && steps.start + steps.count * steps.width > end, 'both ends lie in a step')
    t.equal(stepAt(steps, start), 0)
    t.equal(stepAt(steps, end), steps.count - 1)
  }
  t.match(stepsOf(Date.parse('2026-11-01'), Date.parse('2026-11-30T23:59:59Z')), { word: 'day', count: 30 })
})
