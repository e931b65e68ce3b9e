import t from 'tap'
import { oneAtATime } from '../../src/watchers/one-at-a-time.ts'

t.test('never runs beside itself; asked while it runs, it runs once more, and a failure ends nothing', async t => {
  const runs: { end: () => void; fail: (error: Error) => void }[] = []
  const failures: unknown[] = []
  const ask = oneAtATime(
    () => new Promise<void>((end, fail) => runs.push({ end, fail })),
    error => failures.push(error)
  )
  const settle = () => new Promise(setImmediate)
  for (let i = 0; i < 3; i++) ask()
  await settle()
  t.equal(runs.length, 1, 'one at a time')
  const broken = new Error('broken')
  runs[0]?.fail(broken)
  await settle()
  t.equal(runs.length, 2, 'once more for all that asked')
  t.same(failures, [broken])
  runs[1]?.end()
  await settle()
  t.equal(runs.length, 2)
  ask()
  t.equal(runs.length, 3, 'and again when asked anew')
})
