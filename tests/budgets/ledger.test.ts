/** The ledger of a budget as a pure value: grants, the order of steps, proofs, rates, clocks. */
import t from 'tap'
import type { Budget } from '../../src/budgets/budget.ts'
import {
  asksFor,
  emptyLedger,
  grantMs,
  type Ledger,
  type Report,
  readLedger,
  settle
} from '../../src/budgets/ledger.ts'
import { demandOfLedger } from '../../src/budgets/ledger-demand.ts'
import { ledgerRecord } from '../../src/budgets/ledger-record.ts'
import { Meter } from '../../src/budgets/meter.ts'
import { sentenceOf } from '../../src/budgets/sentences.ts'
import { isStanding } from '../../src/budgets/standing.ts'
import { budgetOf } from './budget.ts'

const MiB = 1024 ** 2
const start = 1_800_000_000_000
const second = 1_000

const budget = (change: Partial<Budget> = {}) => budgetOf({ id: 'bulk', app: 'files', ...change })

const report = (change: Partial<Report> = {}): Report => ({
  process: 'one',
  account: 'A',
  spent: 0,
  paths: [],
  led: 0,
  ownPaths: null,
  begun: 0,
  slowed: 0,
  isWanting: true,
  proofAt: 0,
  signedInAt: 0,
  ...change
})

/** Reports one after the other; the settlements. */
function run(rule: Budget, reports: readonly (readonly [seconds: number, Partial<Report>])[]) {
  let ledger: Ledger | null = null
  return reports.map(([seconds, change]) => {
    const settlement = settle(ledger, rule, report(change), start + seconds * second)
    // Through the record, as a store does.
    ledger = ledgerRecord.parse(ledgerRecord.text(settlement.ledger))
    return settlement
  })
}

t.test('grants never exceed what is left, whoever draws', async t => {
  const rule = budget()
  let ledger: Ledger = emptyLedger(rule)
  const held = new Map<string, number>()
  let spent = 0
  let draws = 0
  // Eight processes draw and spend all they get, one after the other.
  for (let n = 0; spent <= rule.amount; n++) {
    const process = `p${n % 8}`
    const use = held.get(process) ?? 0
    spent += use
    const settlement = settle(ledger, rule, report({ process, spent: use }), start + n)
    ledger = settlement.ledger
    held.set(process, settlement.grant)
    draws++
    const granted = [...held.values()].reduce((sum, bytes) => sum + bytes, 0)
    t.ok(spent + granted <= rule.amount + 1, `after ${draws} draws ${spent} are spent and ${granted} granted`)
    if (draws > 1000) break
  }
  t.equal(spent, rule.amount + 1, 'the byte after the last is the one that passes it')
  t.ok(draws < 300, `it took ${draws} draws`)
  t.equal(readLedger(ledger, rule, start).mode, 'cut')
})

t.test('a grant that is not used is given back with the next report, or expires with its process', async t => {
  const rule = budget({ amount: MiB })
  const [first, second_, third] = run(rule, [
    [0, { process: 'one' }],
    [1, { process: 'two', spent: MiB - 256 * 1024 }],
    [2, { process: 'two' }]
  ])
  t.equal(first?.grant, 256 * 1024)
  t.match(second_, { grant: 1, mode: 'within' }, 'what another holds is not granted twice')
  t.match(third, { grant: 1 })
  const returned = run(rule, [
    [0, { process: 'one' }],
    [1, { process: 'one', isWanting: false }],
    [2, { process: 'two', spent: MiB - 1 }]
  ])
  t.equal(returned[2]?.grant, 2)
  const expired = run(rule, [
    [0, { process: 'one' }],
    [1, { process: 'two', spent: MiB - 256 * 1024 }],
    [grantMs / second + 1, { process: 'two', spent: 1 }]
  ])
  t.ok((expired[2]?.grant ?? 0) > 200 * 1024, 'a process that died keeps nothing for long')
})

t.test('while others hold all that is left, a process waits and asks again', async t => {
  const [, waiting] = run(budget({ amount: 256 * 1024 - 1 }), [
    [0, { process: 'one' }],
    [1, { process: 'two' }]
  ])
  t.match(waiting, { grant: 0, mode: 'within', happened: [] })
  t.ok((waiting?.askAgainAt ?? 0) > start + second)
})

t.test('a budget is passed by the first byte beyond it, once', async t => {
  const rule = budget({ amount: 1000 })
  const all = run(rule, [
    [0, { spent: 1000 }],
    [1, { spent: 1, process: 'two' }],
    [2, { spent: 500 }],
    [3600 + 400, { spent: 1 }],
    [3600 + 500, { spent: 1000 }]
  ])
  t.same(
    all.map(({ happened, mode }) => [happened.join(), mode]),
    [
      ['', 'within'],
      ['passed', 'cut'],
      ['', 'cut'],
      ['', 'within'],
      ['passed', 'cut']
    ],
    'when the window has moved on it can be passed again'
  )
})

t.test('without step-up all steps act at once', async t => {
  for (const [steps, mode] of [
    [['journal'], 'passed'],
    [['journal', 'notify'], 'passed'],
    [['slow'], 'slow'],
    [['notify', 'cut'], 'cut'],
    [['notify', 'cut', 'suspend'], 'cut'],
    [['suspend'], 'cut'],
    [['slow', 'cut'], 'cut']
  ] as const) {
    const [passed] = run(budget({ amount: 10, steps, rate: 1000 }), [[0, { spent: 11 }]])
    t.match(passed, { mode, happened: ['passed'] }, steps.join(', '))
  }
})

t.test('step-up holds for a minute; a fresh proof buys one more budget, and again', async t => {
  const rule = budget({ amount: 1000, steps: ['journal', 'step-up', 'suspend'] })
  const all = run(rule, [
    [0, { spent: 1001, proofAt: start - 1 }],
    [10, { proofAt: start - 1 }],
    [20, { proofAt: start + 20 * second }],
    [30, { spent: 999, proofAt: start + 20 * second }],
    [31, { spent: 1, proofAt: start + 20 * second }],
    [40, { proofAt: start + 35 * second }],
    [200, { spent: 900 }]
  ])
  t.same(
    all.map(({ happened, mode }) => [happened.join(), mode]),
    [
      ['passed', 'hold'],
      ['', 'hold'],
      ['bought', 'within'],
      ['', 'within'],
      ['passed', 'hold'],
      ['bought', 'within'],
      ['', 'within']
    ]
  )
  const { ledger } = all[3]!
  const now = start + 60 * second
  t.equal(
    asksFor(ledger, rule, start - 1, now),
    true,
    'another session, which has proved nothing since, is still asked'
  )
  t.equal(asksFor(ledger, rule, start + 20 * second, now), false)
  t.equal(asksFor(ledger, rule, start + 600 * second, now), true, 'a proof from the future is none')
})

t.test('one proof buys one budget, not two', async t => {
  const rule = budget({ amount: 1000, steps: ['step-up'] })
  const proofAt = start + 5 * second
  const all = run(rule, [
    [0, { spent: 1001 }],
    [5, { proofAt }],
    [6, { proofAt, spent: 1000 }],
    [7, { proofAt }]
  ])
  t.same(
    all.map(({ happened, mode }) => [happened.join(), mode]),
    [
      ['passed', 'hold'],
      ['bought', 'within'],
      ['passed', 'hold'],
      ['', 'hold']
    ]
  )
})

t.test('without a proof the later steps act after a minute, once', async t => {
  for (const [steps, mode] of [
    [['step-up'], 'cut'],
    [['step-up', 'slow'], 'slow'],
    [['step-up', 'cut'], 'cut'],
    [['step-up', 'suspend'], 'cut']
  ] as const) {
    const all = run(budget({ amount: 10, steps, rate: 1000 }), [
      [0, { spent: 11 }],
      [59, {}],
      [60, {}],
      [61, { process: 'two' }]
    ])
    t.same(
      all.map(one => [one.happened.join(), one.mode]),
      [
        ['passed', 'hold'],
        ['', 'hold'],
        ['unanswered', mode],
        ['', mode]
      ],
      steps.join(', ')
    )
  }
})

t.test('who was suspended and resumed has one more budget, and not before', async t => {
  const rule = budget({ amount: 1000, steps: ['suspend'] })
  const all = run(rule, [
    [0, { spent: 1001, signedInAt: start - 1 }],
    [1, { signedInAt: start - 1, process: 'two' }],
    [600, { signedInAt: start + 500 * second }],
    [601, { spent: 1000, signedInAt: start + 500 * second }]
  ])
  t.same(
    all.map(({ happened, mode }) => [happened.join(), mode]),
    [
      ['passed', 'cut'],
      ['', 'cut'],
      ['', 'within'],
      ['passed', 'cut']
    ]
  )
})

t.test('the rate of slow holds over all processes', async t => {
  const rate = 100_000
  const rule = budget({ amount: 10, steps: ['slow'], rate })
  let ledger = settle(null, rule, report({ spent: 11 }), start).ledger
  const held = [0, 0, 0]
  let passed = 0
  const seconds = 20
  for (let ms = 0; ms <= seconds * 1000; ms += 50) {
    const n = (ms / 50) % 3
    const bytes = held[n] as number
    passed += bytes
    const settlement = settle(ledger, rule, report({ process: `p${n}`, slowed: bytes, spent: bytes }), start + ms)
    ledger = settlement.ledger
    held[n] = settlement.grant
  }
  t.ok(passed < rate * (seconds + 1.5), `${passed} bytes in ${seconds} s at ${rate} a second`)
  t.ok(passed > rate * (seconds - 2), 'and it is used')
})

t.test('freshFor: each proof begins the count anew', async t => {
  const rule = budget({ amount: 1000, steps: ['step-up'], per: 'session', isPerProof: true })
  const all = run(rule, [
    [0, { spent: 900, proofAt: start }],
    [1, { spent: 900, proofAt: start + second }],
    [2, { spent: 101, proofAt: start + second }],
    [3, { proofAt: start + 3 * second }],
    [4, { spent: 1000, proofAt: start + 3 * second }],
    [5, { spent: 1, proofAt: start + 3 * second }]
  ])
  t.same(
    all.map(({ happened, mode }) => [happened.join(), mode]),
    [
      ['', 'within'],
      ['', 'within'],
      ['passed', 'hold'],
      ['bought', 'within'],
      ['', 'within'],
      ['passed', 'hold']
    ]
  )
})

t.test('a changed window or amount keeps what was spent', async t => {
  const { ledger } = settle(null, budget({ amount: 1000 }), report({ spent: 800 }), start)
  const longer = budget({ amount: 700, windowSeconds: 86_400 })
  t.match(settle(ledger, longer, report(), start + second), { mode: 'cut', happened: ['passed'] })
})

t.test('a clock that is put back loses nothing, and prolongs no ban', async t => {
  const year = 365 * 86_400
  const all = run(budget({ amount: 1000 }), [
    [year, { spent: 900 }],
    [0, { spent: 50 }],
    [1, { spent: 51 }],
    [3600 + 361, {}]
  ])
  t.same(
    all.map(({ mode, isRebased }) => [mode, isRebased]),
    [
      ['within', false],
      ['within', true],
      ['cut', false],
      ['within', false]
    ]
  )
})

t.test('posture scales the amount', async t => {
  const rule = budget({ amount: 1000 })
  const { ledger } = settle(null, rule, report({ spent: 600 }), start)
  t.equal(readLedger(ledger, rule, start).mode, 'within')
  t.equal(readLedger(ledger, rule, start, 0.5).mode, 'cut')
})

t.test('each happening has a plain sentence with its numbers', async t => {
  const reading = { spent: 537 * MiB, own: 537 * MiB, limit: 500 * MiB }
  t.equal(
    sentenceOf(budget(), reading, 'passed', 'alice'),
    "alice has fetched 537 MiB from files within 1 hour; the budget 'bulk' allows 500 MiB."
  )
  t.equal(
    sentenceOf(budget({ direction: 'in', app: null, windowSeconds: 600 }), reading, 'unanswered', 'alice'),
    "alice has sent 537 MiB within 10 minutes; the budget 'bulk' allows 500 MiB. Nobody has confirmed it with a second factor within a minute."
  )
  t.equal(
    sentenceOf(budget({ counted: 'distinctPaths' }), { spent: 2100, own: 2100, limit: 2000 }, 'passed', 'everybody'),
    "everybody has asked for 2100 different pages from files within 1 hour; the budget 'bulk' allows 2000 different pages."
  )
  t.equal(
    sentenceOf(budget({ counted: 'requests' }), { spent: 61, own: 61, limit: 1 }, 'passed', 'bob'),
    "bob has made 61 requests to files within 1 hour; the budget 'bulk' allows 1 request."
  )
  const led = { spent: 61, own: 1, limit: 1 }
  t.match(
    sentenceOf(budget({ counted: 'requests' }), led, 'passed', 'bob'),
    /Another site or a prefetch may have led the browser to 60 requests of it\. Whoever confirms it with a second factor may go on, and operators can lift it \(factorgate user resume\)\.$/
  )
  t.match(
    sentenceOf(budget({ counted: 'requests', steps: ['suspend'] }), led, 'passed', 'bob'),
    /to 60 requests of it, so the account is not suspended for it\. Whoever confirms it with a second factor may go on/
  )
})

t.test('what another site has led to is counted apart, and suspends nobody', async t => {
  const suspends = (rule: Budget, reports: Parameters<typeof run>[1]) =>
    run(rule, reports).map(({ happened, mode, isSuspending }) => [happened.join(), mode, isSuspending])
  const theft = budget({ amount: 100, counted: 'requests', steps: ['notify', 'cut', 'suspend'] })
  t.same(suspends(theft, [[0, { spent: 101 }]]), [['passed', 'cut', true]], 'all of it is the person’s own')
  t.same(
    suspends(theft, [
      [0, { spent: 90, led: 90 }],
      [1, { spent: 90, led: 0 }],
      [2, { spent: 20, process: 'two' }]
    ]),
    [
      ['', 'within', false],
      ['passed', 'cut', false],
      ['passed', 'cut', true]
    ],
    'the steps before suspend act on all; the account is suspended once the rest alone is too much'
  )
  const spares = (rule: Budget, led: number) =>
    run(rule, [
      [0, { spent: 101, led }],
      [61, {}],
      [62, {}]
    ]).map(({ isSpared }) => isSpared)
  t.same(spares(theft, 101), [true, false, false], 'it is said once that the account was spared')
  t.same(spares(theft, 0), [false, false, false])
  t.same(spares({ ...theft, steps: ['notify', 'cut'] }, 101), [false, false, false], 'nothing was due')
  const asking = budget({ amount: 100, steps: ['step-up', 'suspend'] })
  t.same(spares(asking, 101), [false, true, false], 'with a question, at its end')
  const late = (led: number) =>
    suspends(asking, [
      [0, { spent: 150, led }],
      [61, {}],
      [62, {}]
    ]).slice(1)
  t.same(late(0), [
    ['unanswered', 'cut', true],
    ['', 'cut', false]
  ])
  t.same(late(60), [
    ['unanswered', 'cut', false],
    ['', 'cut', false]
  ])
  const later = suspends(theft, [
    [0, { spent: 101, led: 101 }],
    [4000, { spent: 101 }]
  ])
  t.same(later[1], ['passed', 'cut', true], 'when the window has moved on, it counts no more')
})

t.test(
  'a fresh proof buys one more of a budget that cuts, if another site may have led to what is too much',
  async t => {
    const rule = budget({ amount: 100, counted: 'requests', steps: ['notify', 'cut', 'suspend'] })
    const words = (led: number) =>
      run(rule, [
        [0, { spent: 101, led }],
        [10, { proofAt: start - second }],
        [20, { proofAt: start + 15 * second }],
        [30, { proofAt: start + 15 * second, spent: 100, led: Math.min(led, 100) }],
        [40, { proofAt: start + 15 * second }],
        [50, { proofAt: start + 45 * second }]
      ]).map(({ happened, mode }) => `${happened.join()} ${mode}`)
    t.same(words(101), ['passed cut', ' cut', 'bought within', 'passed cut', ' cut', 'bought within'])
    t.same(words(0), ['passed cut', ' cut', ' cut', ' cut', ' cut', ' cut'], 'not where it is the person’s own')

    const [cut, bought] = run(rule, [
      [0, { spent: 101, led: 101 }],
      [20, { proofAt: start + 15 * second }]
    ])
    const demand = ({ ledger }: { ledger: Ledger } = cut!, proofAt: number, of = rule) =>
      demandOfLedger(ledger, of, [{ kind: 'totp', at: proofAt, userVerified: false, generation: 0 }], start + 30_000, 1)
    t.match(demand(cut, start - 1), { kind: 'prove', reason: 'budget_proof_required' }, 'the gate asks for it')
    t.equal(demand(cut, start + second), null)
    t.match(
      demand(bought, start - 1),
      { kind: 'prove' },
      'the session of a thief does not go on with the proof of its owner'
    )
    t.match(demand(cut, start + second, { ...rule, isQuota: true }), { kind: 'refuse', isQuota: true })
  }
)

t.test('of paths those are counted apart that nobody was led to', async t => {
  const rule = budget({ amount: 100, counted: 'distinctPaths', steps: ['cut', 'suspend'] })
  const paths = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i)
  const [, both] = run(rule, [
    [0, { paths: paths(0, 60), led: 20, ownPaths: paths(20, 60) }],
    [1, { paths: paths(60, 130), process: 'two' }]
  ])
  t.match(both, { happened: ['passed'], isSuspending: true }, '110 of 130 are the person’s own')
  const [, led] = run(rule, [
    [0, { paths: paths(0, 90) }],
    [1, { paths: paths(90, 130), led: 40, ownPaths: [], process: 'two' }]
  ])
  t.match(led, { happened: ['passed'], isSuspending: false, mode: 'cut' })
  const [, , again] = run(rule, [
    [0, { paths: paths(0, 90) }],
    [1, { paths: paths(90, 130), led: 40, ownPaths: [] }],
    [2, { ownPaths: paths(90, 105) }]
  ])
  t.match(again, { isSuspending: true }, 'a path that the person has opened too is their own')
  const large = run(rule, [[0, { paths: paths(0, 4000).map(n => n * 1_000_003), led: 1, ownPaths: paths(0, 4000) }]])
  t.ok(ledgerRecord.text(large[0]!.ledger).length < 16_384, 'a record has a bounded size')
  const old = ledgerRecord
    .text({ ...emptyLedger(rule), slots: [1, 5] })
    .replace(/"led":\[\],"ownPaths":null,|,"v":2/g, '')
  t.notMatch(old, /led|"v"/)
  t.match(ledgerRecord.parse(old), { slots: [1, 5], led: [], ownPaths: null }, 'one of before is read')
})

t.test('a meter reports which of its paths nobody was led to, also after a failure', async t => {
  const rule = budget({ amount: 100, counted: 'distinctPaths', steps: ['suspend'] })
  const meter = new Meter(rule, 'A')
  const reported = () => {
    const { paths, led, ownPaths } = meter.report('p', false)
    return { paths, led, ownPaths }
  }
  meter.addPath(1, start, false)
  t.same(reported(), { paths: [1], led: 0, ownPaths: null })
  meter.addPath(2, start, false)
  meter.addPath(3, start, true)
  t.equal(meter.addPath(3, start, false), true, 'it is the person’s own now')
  t.equal(meter.addPath(3, start, false), false)
  meter.addPath(4, start, true)
  const report_ = meter.report('p', false)
  t.match(report_, { paths: [2, 3, 4], led: 2, ownPaths: [2, 3] })
  meter.addPath(5, start, false)
  meter.failed(report_, start)
  t.same(reported(), { paths: [2, 3, 4, 5], led: 2, ownPaths: [2, 3, 5] })
})

t.test(
  'a passed budget stays known while it stands; that of a session no longer than a day after its last request',
  async t => {
    const dayTicks = 345_600
    for (const [change, isLong] of [
      [{}, true],
      [{ per: 'session' }, false],
      [{ per: 'session', isPerProof: true }, false]
    ] as const) {
      const of = budget({ windowSeconds: 31 * 86_400, steps: ['step-up'], ...change })
      const { ledger } = settle(null, of, report({ spent: of.amount + 1, proofAt: start }), start)
      const meter = { isStrict: true, ledger, budget: of, mode: readLedger(ledger, of, start, 1).mode, scale: 1 }
      const after = (idleTicks: number) => isStanding({ ...meter, idleTicks } as Meter, start + idleTicks * 250)
      t.same([after(0), after(dayTicks - 1), after(dayTicks)], [true, true, isLong], JSON.stringify(change))
    }
  }
)
