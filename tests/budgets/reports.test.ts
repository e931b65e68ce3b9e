/** When the counts of a gate that is alone on its store are written there. */
import { setImmediate } from 'node:timers/promises'
import t from 'tap'
import type { Passing } from '../../src/budgets/budgets.ts'
import { ledgerId, ledgerRecord } from '../../src/budgets/ledger-record.ts'
import { MemoryStore, TestClock } from '../fixtures/in-process/memory-store.ts'
import { budgetOf, budgetsOf } from './budget.ts'

const budget = budgetOf({ id: 'many', counted: 'requests', amount: 1000, steps: ['journal'] })
const who = { account: 'A', session: 'S', proofs: [] }
const ticksOfTwoSeconds = 8

const rows: readonly (readonly [
  name: string,
  asked: readonly number[],
  stored: readonly number[],
  passed: number,
  windowSeconds?: number
])[] = [
  ['a count that has grown by a quarter is written within two seconds', [100, 50, 60], [100, 150, 210], 0],
  [
    'one that has grown by less waits, and is written after ten seconds',
    [100, 5, 5, 5, 5],
    [100, 100, 100, 100, 120],
    0
  ],
  ['one that passes its limit is written within two seconds, however little is new', [990, 5, 10], [990, 990, 1005], 1],
  [
    'one with slots no longer than the wait is written within two seconds, so that nothing is entered slots later',
    [100, 5, 5],
    [100, 105, 110],
    0,
    100
  ]
]
for (const [name, asked, expected, passed, windowSeconds = 3600] of rows)
  t.test(name, async t => {
    const clock = new TestClock()
    const store = new MemoryStore(clock.read)
    const passings: Passing[] = []
    const budgets = budgetsOf({
      store,
      clock: clock.read,
      act: async passing => void passings.push(passing),
      onTrouble: error => t.fail(String(error)),
      onTooNew: error => t.fail(String(error)),
      isShared: false
    })
    budgets.configure([{ ...budget, windowSeconds }])
    t.teardown(() => budgets.stop())
    const stored: number[] = []
    for (const count of asked) {
      for (let i = 0; i < count; i++)
        budgets
          .open({ app: 'files', path: '/', who, isGuarded: false, isEnforced: true, isLed: false }, null, null)
          ?.end(null)
      for (let tick = 0; tick < ticksOfTwoSeconds; tick++) budgets.tick()
      for (let turn = 0; turn < 3; turn++) await setImmediate()
      clock.advance(2)
      const ledger = await ledgerRecord.get(store, ledgerId(budget, 'A'))
      stored.push(ledger?.slots.reduce((sum, value, i) => (i % 2 === 1 ? sum + value : sum), 0) ?? 0)
    }
    t.same(stored, expected)
    t.equal(passings.length, passed)
  })
