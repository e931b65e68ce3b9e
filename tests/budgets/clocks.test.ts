/** Budgets on a machine whose clock is put back or ahead: nothing that was counted is lost, and it is said once. */
import t, { type Test } from 'tap'
import type { Budgets } from '../../src/budgets/budgets.ts'
import { sentenceOfJump } from '../../src/budgets/sentences.ts'
import type { Counted } from '../../src/budgets/steps.ts'
import { type ClockJump, ClockJumps } from '../../src/metering/clock-jumps.ts'
import { MemoryStore, TestClock } from '../fixtures/in-process/memory-store.ts'
import { budgetOf, budgetsOf } from './budget.ts'

const MiB = 1024 ** 2
const [minute, day] = [60, 86_400]

function fixture(t: Test, counted: Counted, amount: number) {
  const budget = budgetOf({ counted, amount })
  const clock = new TestClock()
  const running = new TestClock(0)
  const store = new MemoryStore(clock.read)
  const jumps: ClockJump[] = []
  const gate = () => {
    const budgets = budgetsOf({
      store,
      clock: clock.read,
      running: running.read,
      onTrouble: error => t.fail(String(error)),
      onTooNew: error => t.fail(String(error)),
      onClockJump: jump => void jumps.push(jump)
    })
    budgets.configure([budget])
    t.teardown(() => budgets.stop())
    return budgets
  }
  const who = { account: 'A', session: 'S', proofs: [] }
  const open = (budgets: Budgets, path: string) => {
    const flow = budgets.open(
      { app: 'files', path, who, isGuarded: false, isEnforced: true, isLed: false },
      null,
      null
    )!
    flow.begin({ goOn: () => {}, cut: () => {} })
    return flow
  }
  /** Time that passes. */
  const pass = (seconds: number) => {
    clock.advance(seconds)
    running.advance(seconds)
  }
  const spend = async (budgets: Budgets, n: number) => {
    const flow = open(budgets, `/${n}`)
    if (counted === 'bytes') for (let i = 0; i < 10; i++) flow.sent(MiB)
    flow.end(null)
    await budgets.flush()
  }
  const isRefused = (budgets: Budgets) => budgets.demandOn({ id: 'files', isGuarded: false }, who, null) !== null
  return { clock, store, jumps, gate, pass, spend, isRefused }
}

const jumps = [
  ['ahead by five minutes', 5 * minute],
  ['ahead by a day', day],
  ['ahead by a year', 365 * day],
  ['back by five minutes', -5 * minute],
  ['back by a day', -day],
  ['back by a year', -365 * day]
] as const
const amounts: Readonly<Record<Counted, number>> = { bytes: 95 * MiB, requests: 9, distinctPaths: 9 }

for (const [what, by] of jumps)
  for (const counted of ['bytes', 'requests', 'distinctPaths'] as const)
    t.test(`O2 ${counted} · the clock is put ${what} → what was counted counts, and nothing more leaves`, async t => {
      const { clock, jumps, gate, pass, spend, isRefused } = fixture(t, counted, amounts[counted])
      const budgets = gate()
      for (let n = 0; n < 6; n++) await spend(budgets, n)
      pass(10)
      budgets.tick()
      clock.advance(by)
      budgets.tick()
      budgets.tick()
      t.equal(jumps.length, 1, 'it is said once')
      for (let n = 6; n < 9; n++) await spend(budgets, n)
      t.notOk(isRefused(budgets), 'nine tenths of the budget are used')
      await spend(budgets, 9)
      t.ok(isRefused(budgets), 'what was counted before counts')
      pass(67 * minute)
      budgets.tick()
      await budgets.flush()
      t.notOk(isRefused(budgets), 'and leaves the window when its time has passed')
      clock.advance(-by)
      budgets.tick()
      for (let n = 10; n < 19; n++) await spend(budgets, n)
      t.notOk(isRefused(budgets))
      await spend(budgets, 19)
      t.ok(isRefused(budgets), 'the clock that is right again lets no more out')
      t.equal(jumps.length, 2)
    })

t.test('another gate of the same machine moves a count once', async t => {
  const { clock, gate, pass, spend, isRefused } = fixture(t, 'requests', 9)
  const [one, two] = [gate(), gate()]
  for (let n = 0; n < 6; n++) await spend(one, n)
  pass(10)
  clock.advance(day)
  for (const each of [one, two, one, two]) each.tick()
  await one.flush()
  for (let n = 6; n < 10; n++) await spend(n % 2 === 0 ? two : one, n)
  await Promise.all([one.flush(), two.flush()])
  await spend(two, 10)
  t.ok(isRefused(two))
  pass(67 * minute)
  await spend(two, 11)
  t.notOk(isRefused(two))
})

t.test('what a time service corrects is no jump', t => {
  const clock = new TestClock()
  const running = new TestClock(0)
  const jumps = new ClockJumps(clock.read, running.read)
  for (const [passed, by, isJump] of [
    [1, 0, false],
    [600, 59, false],
    [1, -59, false],
    [86_400, 0, false],
    [1, 61, true],
    [1, 0, false],
    [1, -61, true]
  ] as const) {
    clock.advance(passed + by)
    running.advance(passed)
    t.equal(jumps.look() !== null, isJump, `${by} seconds in ${passed}`)
  }
  t.end()
})

t.test('the sentences', t => {
  t.match(sentenceOfJump({ from: 0, to: 86_400_000 * 365 }), /put ahead by 365 days/)
  t.match(sentenceOfJump({ from: 7_200_000, to: 0 }), /put back by 2 hours/)
  t.match(sentenceOfJump({ from: 0, to: 300_000 }), /put ahead by 5 minutes/)
  t.end()
})
