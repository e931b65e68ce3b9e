/** The memory of ten thousand people who are all at work: what is learned of them, and their budgets. */
import { setImmediate } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import t from 'tap'
import type { Budget } from '../../src/budgets/budget.ts'
import { factorKinds } from '../../src/factor/kinds.ts'
import type { Store } from '../../src/store/store.ts'
import { Keeper } from '../../src/unusual/keeper.ts'
import { budgetsOf } from '../budgets/budget.ts'
import { monday, observation, usualWeeks, watch } from './fixture.ts'

const people = 10_000
const halfMinute = 30
const maxBytes = 60e6
/** While each of them has asked for something in the last half minute; some 2.5 kB each. */
const maxBudgets = 26e6

function budget(given: Pick<Budget, 'id' | 'per' | 'counted' | 'amount' | 'steps'> & Partial<Budget>): Budget {
  return {
    app: null,
    windowSeconds: 3600,
    direction: 'out',
    factors: factorKinds,
    rate: null,
    isPerProof: false,
    ...given
  }
}

const all: readonly Budget[] = [
  budget({ id: 'bulk', per: 'person', counted: 'bytes', amount: 500e6, steps: ['journal', 'notify', 'step-up'] }),
  budget({ id: 'hoard', per: 'session', counted: 'distinctPaths', amount: 2000, steps: ['slow'], rate: 1e6 }),
  budget({ id: 'theft', per: 'person', counted: 'bytes', amount: 5e9, steps: ['notify', 'cut', 'suspend'] })
]

/** Takes everything, and keeps nothing: what the store holds is no memory of the gate. */
const store = {
  get: async () => null,
  put: async () => {},
  add: async () => true,
  replace: async () => true,
  subscribe: async () => () => {}
} as unknown as Store

t.test('ten thousand people take less than 60 MB', async t => {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const used = async () => {
    // The test runner follows promises, and lets go of them a turn after they were collected.
    for (let turn = 0; turn < 3; turn++) {
      collect()
      await setImmediate()
    }
    const { heapUsed, arrayBuffers } = process.memoryUsage()
    return heapUsed + arrayBuffers
  }
  // The sessions of the gate have these anyway.
  const names = Array.from({ length: people }, (_, i) => ({
    account: Buffer.from(`person-${i}`).toString('base64url'),
    session: Buffer.from(`session-${i}`).toString('base64url')
  }))
  const groups = Array.from({ length: 100 }, (_, i) => [`lab-${i}`])
  // Its code takes memory once.
  usualWeeks(watch())
  const before = await used()
  const time = { now: monday + 9 * 3_600_000 }
  const unusual = watch({ isKept: true })
  const keeper = new Keeper({
    people: unusual.people,
    store,
    clock: () => time.now,
    onProblem: problem => t.equal(problem, null),
    isShared: true
  })
  // Everybody asks ten times within the same half minute, on two days.
  for (let day = 0; day < 2; day++) {
    time.now = monday + day * 86_400_000 + 9 * 3_600_000
    for (let second = 0; second < halfMinute; second++) {
      for (let i = second; i < people; i += halfMinute)
        for (let k = 0; k < 10; k++)
          unusual.observe(
            observation({
              account: names[i]!.account,
              groups: groups[i % groups.length]!,
              session: names[i]!.session,
              at: time.now + k * 10,
              path: `/projects/p${i % 300}/${k}.tif`
            })
          )
      time.now += 1000
      await keeper.tick()
    }
  }
  const learned = (await used()) - before
  const budgets = budgetsOf({
    store,
    clock: () => time.now,
    onTrouble: error => t.fail(String(error)),
    onTooNew: error => t.fail(String(error))
  })
  budgets.configure(all)
  for (let i = 0; i < people; i++)
    for (let k = 0; k < 10; k++) {
      const who = { ...names[i]!, proofs: [] }
      const path = `/projects/p${i % 300}/${k}.tif`
      const flow = budgets.open(
        { app: 'files', path, who, isGuarded: false, isEnforced: true, isLed: false },
        null,
        null
      )
      flow?.begin({ goOn: () => {}, cut: () => {} })
      flow?.sent(10_000)
      flow?.end(null)
    }
  await budgets.flush()
  const atWork = (await used()) - before
  // Half a minute without a request.
  for (let tick = 0; tick < 240; tick++) budgets.tick()
  await budgets.flush()
  const taken = (await used()) - before
  const inMB = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`
  t.comment(`${inMB(learned)} learned, ${inMB(atWork - learned)} of budgets within the same half minute`)
  t.ok(atWork < maxBytes, `${inMB(atWork)} while all are at work`)
  t.ok(taken < atWork, inMB(taken))
  t.ok(atWork - learned < maxBudgets, `${inMB(atWork - learned)} of budgets`)
  t.equal(unusual.people.all.size, people)
  await budgets.stop()
})
