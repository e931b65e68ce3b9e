import t from 'tap'
import { StoreUnreachable } from '../../src/store/store.ts'
import { Readiness } from '../../src/watchers/readiness.ts'

t.test('each turn is told once, with its reason, and no other error than the store’s own is quoted', async t => {
  let trouble: Error | null = null
  const journal = { writable: true }
  const told: (string | null)[] = []
  const readiness = new Readiness({
    store: {
      ping: async () => {
        if (trouble !== null) throw trouble
      }
    },
    journal,
    onChange: problem => told.push(problem)
  })
  t.teardown(() => readiness.stop())
  t.equal(await readiness.check(), null)
  trouble = new StoreUnreachable('The store redis at 10.0.0.5 cannot be reached: nothing listens there.')
  const sentence = `store not reachable: ${trouble.message}`
  t.same(await Promise.all([readiness.check(), readiness.check()]), [sentence, sentence], 'checks that run at once')
  t.equal(await readiness.check(), sentence)
  t.notOk(readiness.isStoreUp)
  trouble = new Error('AUTH hunter2')
  t.equal(await readiness.check(), 'store not reachable')
  trouble = null
  t.equal(await readiness.check(), null)
  t.ok(readiness.isStoreUp)
  t.same(told, [sentence, 'store not reachable', null])
  journal.writable = false
  t.equal(await readiness.check(), 'journal not writable')
  t.notOk(readiness.isJournalWritable)
})
