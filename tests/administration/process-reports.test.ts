/** What only a process knows, collected from all of them while somebody looks; and the numbers of the last day. */
import t from 'tap'
import { mergeLive, ProcessReports } from '../../src/administration/process-reports.ts'
import { durationBuckets } from '../../src/metrics/declarations.ts'
import { History, mergeSteps, quantile, stepMs } from '../../src/metrics/history.ts'
import { Metrics } from '../../src/metrics/metrics.ts'
import { MemoryStore, TestClock } from '../fixtures/in-process/memory-store.ts'

const summary = (connections: number, app: string) => ({
  connections,
  sockets: 0,
  bytes: connections * 10,
  apps: [app]
})

t.test('two processes are one answer', async t => {
  const time = new TestClock()
  const store = new MemoryStore(time.read)
  const make = (app: string, isShared = true) =>
    new ProcessReports({
      store,
      clock: time.read,
      isShared,
      read: () => ({ live: new Map([['s1', summary(1, app)]]), steps: [] }),
      onError: error => t.fail(String(error))
    })
  const one = make('notebooks')
  const two = make('files')
  await one.start()
  await two.start()
  t.equal([...(await collect(store, 'console-report:'))].length, 0, 'nothing is written before somebody looks')
  const all = await one.all()
  t.equal(all.length, 2)
  t.same(mergeLive(all).get('s1'), { connections: 2, sockets: 0, bytes: 20, apps: ['notebooks', 'files'] })
  two.stop()
  time.advance(25)
  t.equal((await one.all()).length, 1, 'a process that is gone is forgotten')
  t.equal((await make('alone', false).all()).length, 1)
  one.stop()
})

async function collect(store: MemoryStore, prefix: string): Promise<string[]> {
  const keys: string[] = []
  for await (const { key } of store.scan(prefix)) keys.push(key)
  return keys
}

t.test('the numbers of a day, in steps of five minutes', async t => {
  const time = new TestClock()
  const metrics = new Metrics()
  const history = new History(metrics, time.read)
  const begun = Math.floor(time.read() / stepMs) * stepMs
  const signIn = (outcome: string) => metrics.count('factorgate_sign_ins_total', 'password', outcome)
  signIn('accepted')
  signIn('refused')
  for (let i = 0; i < 3; i++) metrics.count('factorgate_refusals_total', 'not_allowed')
  metrics.exchange('notebooks', 200, 0.02, 5, 1000)
  metrics.exchange('notebooks', 200, 30, 5, 24)
  t.match(history.read(), [{ at: begun, signIns: 1, refusedSignIns: 1, refusals: 3, bytesOut: 1024 }])
  time.advance(300)
  signIn('accepted')
  t.match(history.read(), [{ signIns: 1 }, { at: begun + stepMs, signIns: 1, refusedSignIns: 0, bytesOut: 0 }])
  const merged = mergeSteps([history.read(), history.read()], begun - 2 * stepMs, begun + stepMs, 2 * stepMs)
  t.equal(
    merged.reduce((sum, { signIns }) => sum + signIns, 0),
    4,
    'of both processes'
  )
  time.advance(25 * 3600)
  t.equal(history.read().length, 1, 'older steps are forgotten')
})

t.test('the share of requests that a duration covers', async t => {
  const durations = new Array<number>(durationBuckets.length + 1).fill(0)
  t.equal(quantile(durations, 0.5), null)
  durations[2] = 100
  t.equal(quantile(durations, 0.5), 0.0175, 'in the middle of 10 to 25 ms')
  durations[durationBuckets.length] = 100
  t.equal(quantile(durations, 0.99), Number.POSITIVE_INFINITY)
})
