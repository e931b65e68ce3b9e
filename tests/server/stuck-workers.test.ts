/** Workers that stand still are killed: a minute long nobody sees to them, and a gate that ends waits for them 20 seconds at most. */
import type { Worker } from 'node:cluster'
import { EventEmitter } from 'node:events'
import t from 'tap'
import { endingLookMs, StuckWorkers } from '../../src/server/cluster/stuck-workers.ts'
import { WorkerHandle } from '../../src/server/cluster/worker-handle.ts'
import { cutOffMs } from '../../src/server/time-to-end.ts'

/** A worker that answers while `isWell`. */
function workerOf(number: number, killed: number[]) {
  const worker = {
    isWell: true,
    says: 'serving',
    late: [] as (() => void)[],
    ask: () =>
      worker.isWell ? Promise.resolve<unknown>(worker.says) : new Promise<void>(resolve => worker.late.push(resolve)),
    kill: () => killed.push(number)
  }
  return worker
}

const turn = () => new Promise(resolve => setImmediate(resolve))

t.test('the one that does not answer is killed, once', async t => {
  const [killed, said]: [number[], number[]] = [[], []]
  const [well, stuck] = [workerOf(1, killed), workerOf(2, killed)]
  const watch = new StuckWorkers(number => said.push(number))
  const look = async (times: number) => {
    for (let i = 0; i < times; i++) {
      watch.look([
        [1, well],
        [2, stuck]
      ])
      await turn()
    }
  }
  await look(30)
  stuck.isWell = false
  await look(12)
  t.same(killed, [], 'a minute is not over')
  await look(1)
  t.same([killed, said], [[2], [2]])
  await look(30)
  t.same([killed, said], [[2], [2]])
})

t.test('an answer that comes late is an answer', async t => {
  const killed: number[] = []
  const slow = workerOf(1, killed)
  const watch = new StuckWorkers(() => {})
  slow.isWell = false
  for (let i = 0; i < 100; i++) {
    watch.look([[1, slow]])
    if (i % 10 === 9) for (const answer of slow.late.splice(0)) answer()
    await turn()
  }
  t.same(killed, [])
})

t.test('a gate that ends waits less', async t => {
  const killed: number[] = []
  const stuck = workerOf(1, killed)
  const watch = new StuckWorkers(() => {})
  stuck.isWell = false
  watch.isEnding = true
  for (let i = 0; i < 4; i++) watch.look([[1, stuck]])
  t.same(killed, [])
  watch.look([[1, stuck]])
  t.same(killed, [1])
})

t.test('one that has been silent for long when the end begins is killed at once', async t => {
  for (const before of [5, 7, 12]) {
    const killed: number[] = []
    const stuck = workerOf(1, killed)
    const watch = new StuckWorkers(() => {})
    stuck.isWell = false
    for (let i = 0; i < before; i++) watch.look([[1, stuck]])
    t.same(killed, [])
    watch.isEnding = true
    for (let i = 0; i < 5; i++) watch.look([[1, stuck]])
    t.same(killed, [1])
  }
})

t.test('also a short end is long enough to kill it: one look at once, and four more', t => {
  for (const shutdownTimeout of [0, 1, 5, 10, 15, 30, 300]) {
    const cutOff = cutOffMs({ shutdownTimeout })
    const killedAfter = 4 * endingLookMs(cutOff)
    t.ok(killedAfter >= 5_000 && killedAfter <= 20_000, `${killedAfter} ms`)
    t.ok(killedAfter <= cutOff - 3_000, `${killedAfter} of ${cutOff} ms`)
  }
  t.end()
})

t.test('one that stands still before it serves, or before it hears anything, is killed too', async t => {
  const isHearing = [false, true]
  for (const hears of isHearing) {
    const killed: string[] = []
    const process = { kill: (signal: string) => killed.push(signal) }
    const worker = Object.assign(new EventEmitter(), { process, send: () => true })
    const handle = new WorkerHandle(worker as unknown as Worker, () => {})
    const start = handle.ask({ ask: 'start' } as Parameters<WorkerHandle['ask']>[0])
    const reload = handle.ask({ ask: 'reload keys' })
    if (hears) worker.emit('message', { id: 0 })
    const watch = new StuckWorkers(() => {})
    for (let i = 0; i < 13; i++) {
      watch.look([[1, handle]])
      await turn()
    }
    t.same(killed, ['SIGKILL'])
    handle.exited('SIGKILL')
    await t.rejects(start)
    await t.rejects(reload, 'a reload does not wait for it')
  }
})

t.test('one that ends after an error, and answers, has its time and no more', async t => {
  const killed: number[] = []
  const crashed = workerOf(1, killed)
  crashed.says = 'ending'
  const watch = new StuckWorkers(
    () => {},
    () => cutOffMs({ shutdownTimeout: 30 })
  )
  const look = async () => {
    watch.look([[1, crashed]])
    await turn()
  }
  for (let i = 0; i < 11; i++) await look()
  t.same(killed, [], 'its own limit comes first')
  for (let i = 0; i < 11; i++) await look()
  t.same(killed, [1])
})
