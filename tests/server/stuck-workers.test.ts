/** Workers that stand still are killed: a minute long nobody sees to them, and a gate that ends waits for them 20 seconds. */
import t from 'tap'
import { StuckWorkers } from '../../src/server/cluster/stuck-workers.ts'

/** A worker that answers while `isWell`. */
function workerOf(number: number, killed: number[]) {
  const worker = {
    isWell: true,
    late: [] as (() => void)[],
    ask: () => (worker.isWell ? Promise.resolve() : new Promise<void>(resolve => worker.late.push(resolve))),
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
