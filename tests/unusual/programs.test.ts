/** The usual volume of programs: each token has its own, and nothing else of a program is compared. */
import t from 'tap'
import type { Observation } from '../../src/metering/observation.ts'
import {
  judgeDay,
  type ProgramDays,
  type ProgramVerdict,
  programDaysRecord,
  withBytes
} from '../../src/unusual/program-days.ts'
import { type Counted, ProgramUsage, type UsedProgram } from '../../src/unusual/program-usage.ts'
import { MemoryStore, TestClock } from '../fixtures/in-process/memory-store.ts'
import { silent } from './fixture.ts'

const day = 86_400_000
const MB = 1e6

/** Ten days of this many megabytes, each a little different. */
function learnt(megabytes: number, days = 10): ProgramDays {
  let found: ProgramDays | null = null
  for (let n = 0; n < days; n++) found = withBytes(found, megabytes * MB * (1 + 0.1 * (n % 3)), n * day)
  return found as ProgramDays
}

t.test('a day is compared with the program’s own days', async t => {
  const table: readonly (readonly [string, ProgramDays, number, string | null])[] = [
    ['as always', learnt(200), 220, null],
    ['twice as much', learnt(200), 400, null],
    ['five times as much', learnt(200), 1_000, 'strange'],
    ['fifty times as much', learnt(200), 10_000, 'alarming'],
    ['a big program as always', learnt(50_000), 52_000, null],
    ['fifty times as much, of a program that is new', learnt(200, 4), 10_000, null],
    ['a small program that sends a little more', learnt(0.01), 0.5, null]
  ]
  for (const [sentence, found, megabytes, level] of table)
    t.equal(judgeDay(withBytes(found, megabytes * MB, 20 * day))?.level ?? null, level, sentence)
  const { usualBytes } = judgeDay(withBytes(learnt(200), 10_000 * MB, 20 * day)) as ProgramVerdict
  t.ok(usualBytes > 190 * MB && usualBytes < 250 * MB, 'what is usual can be said')
  let found = learnt(200)
  for (let n = 11; n < 14; n++) found = withBytes(found, 10_000 * MB, n * day)
  t.equal(judgeDay(withBytes(found, 10_000 * MB, 14 * day))?.level, 'alarming', 'three such days do not become usual')
  t.equal(withBytes(found, MB, 2 * day).day, found.day, 'a clock that was put back begins no day')
})

function toldOf(token: string | null, bytesOut: number, at: number, account = 'A1'): Observation {
  const person = {
    account,
    name: account === 'A1' ? 'alice' : account,
    groups: [],
    session: 's',
    signedInWith: null,
    sessionStartedAt: 0,
    token
  }
  const client = silent('')
  const exchange = {
    reference: 'r',
    person,
    app: 'files',
    method: 'GET',
    path: '/',
    query: '',
    destination: '',
    address: '192.0.2.1',
    client,
    isSocket: false,
    isLed: false
  }
  return { exchange, phase: 'end', at, bytesIn: 0, bytesOut, status: 200, reason: null, isFirst: true }
}

t.test('two gates count together and say it once; a person’s own use does not count', async t => {
  const time = new TestClock(10 * day)
  const store = new MemoryStore(time.read)
  await programDaysRecord.put(store, 'T1', learnt(200))
  const verdicts: [ProgramVerdict, UsedProgram][] = []
  const problems: (Error | null)[] = []
  const gates = [1, 2].map(
    () =>
      new ProgramUsage({
        store,
        clock: time.read,
        act: async (verdict, program) => void verdicts.push([verdict, program]),
        onStoreProblem: problem => void problems.push(problem)
      })
  )
  for (const gate of gates) {
    gate.note(toldOf('T1', 350 * MB, time.now))
    gate.note(toldOf(null, 90_000 * MB, time.now))
  }
  store.isDown = true
  await gates[0]!.flush()
  t.ok(problems[0] instanceof Error, 'without the store nothing is lost')
  store.isDown = false
  for (const gate of gates) await gate.flush()
  t.match(verdicts, [
    [
      { level: 'strange', bytes: 700 * MB },
      { account: 'A1', token: 'T1', app: 'files' }
    ]
  ])
  t.same(problems.at(-1), null)
  for (const gate of gates) gate.note(toldOf('T1', 10_000 * MB, time.now))
  for (const gate of gates) await gate.flush()
  t.same(
    verdicts.map(([{ level }]) => level),
    ['strange', 'alarming'],
    'each level once a day'
  )
})

/** Ten days of two owners' programs; the clock stands at the begin of the next. */
async function usualPrograms() {
  const time = new TestClock(10 * day)
  const store = new MemoryStore(time.read)
  const said: [level: string, counted: Counted, of: string, megabytes: number][] = []
  const usage = new ProgramUsage({
    store,
    clock: time.read,
    act: async ({ level, bytes }, { account, token }, counted) =>
      void said.push([level, counted, counted === 'token' ? token : account, Math.round(bytes / MB)]),
    onStoreProblem: problem => t.equal(problem, null)
  })
  const use = (token: string, megabytes: number, account?: string) =>
    usage.note(toldOf(token, megabytes * MB, time.now, account))
  for (let n = 0; n < 10; n++) {
    use('nightly', 100 + 10 * (n % 3))
    use('hourly', 50)
    use('of-bob', 300, 'bob')
    await usage.flush(true)
    time.now += day
  }
  t.same(said, [], 'usual days')
  return { time, said, use, flush: () => usage.flush(true) }
}

t.test('new tokens, and many, hide nothing of their owner', async t => {
  const { said, use, flush } = await usualPrograms()
  for (let n = 0; n < 20; n++) use(`new-${n}`, 30)
  await flush()
  t.same(said, [['strange', 'owner', 'A1', 600]], 'of twenty new tokens none is known')
  for (let n = 0; n < 20; n++) use(`new-${n}`, 600)
  await flush()
  t.same(said.slice(1), [['alarming', 'owner', 'A1', 12_600]], 'and it is not said of everybody too')
})

t.test('programs of people who had none are compared with all programs', async t => {
  const { said, use, flush } = await usualPrograms()
  for (let n = 0; n < 5; n++) use(`first-of-${n}`, 1000, `newcomer-${n}`)
  await flush()
  t.match(said, [['alarming', 'everyone', /^newcomer/, 5000]])
})

t.test('what was said of a token is not said again of its owner and of all', async t => {
  const { time, said, use, flush } = await usualPrograms()
  use('nightly', 100_000)
  await flush()
  t.same(said, [['alarming', 'token', 'nightly', 100_000]])
  use('nightly', 1)
  await flush()
  t.equal(said.length, 1)
  time.now += day
  use('other', 100_000)
  await flush()
  t.match(said.slice(1), [['alarming', 'owner', 'A1', 100_000]], 'on the next day it is')
})

t.test('what was said of one owner hides nothing of others', async t => {
  const { said, use, flush } = await usualPrograms()
  use('nightly', 100_000)
  await flush()
  for (let n = 0; n < 5; n++) use(`first-of-${n}`, 1000, `newcomer-${n}`)
  await flush()
  t.match(said, [
    ['alarming', 'token', 'nightly', 100_000],
    ['alarming', 'everyone', /^newcomer/, 5000]
  ])
})
