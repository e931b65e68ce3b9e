import t from 'tap'
import { Observers } from '../../src/metering/observation.ts'
import { UnusualWatch } from '../../src/unusual/unusual-watch.ts'
import { MemoryStore } from '../fixtures/in-process/memory-store.ts'

t.test('a watch that a reload ends hears of nothing any more', async t => {
  const clock = () => 1_700_000_000_000
  const observers = new Observers()
  const listeners = new Set<(session: string) => void>()
  const watch = new UnusualWatch(
    {
      store: new MemoryStore(clock),
      clock,
      observers,
      proofsNow: async () => null,
      onSessionChange: listener => {
        listeners.add(listener)
        return () => listeners.delete(listener)
      },
      actOnProgram: async () => {},
      act: async () => {},
      say: why => t.fail(why),
      onStoreProblem: problem => t.equal(problem, null)
    },
    { learn: 14 * 86_400, countries: null, strange: [], alarming: [], extreme: [] }
  )
  await watch.start()
  t.equal(listeners.size, 1)
  t.notOk(observers.isEmpty)
  await watch.stop()
  t.equal(listeners.size, 0)
  t.ok(observers.isEmpty)
})
