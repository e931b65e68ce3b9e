/** The people in memory: they follow the store, read ten thousand of them once, and go when nobody asks. */
import t from 'tap'
import { PeopleIndex } from '../../src/administration/people-index.ts'
import { Accounts } from '../../src/identity/accounts.ts'
import { countReads } from '../fixtures/in-process/counted-reads.ts'
import { MemoryStore, TestClock } from '../fixtures/in-process/memory-store.ts'

function open(isEnrolled = async () => true) {
  const time = new TestClock()
  const store = new MemoryStore(time.read)
  const accounts = new Accounts({ store, clock: time.read })
  return { time, store, accounts, index: new PeopleIndex({ store, accounts, clock: time.read, isEnrolled }) }
}

const everybody = { text: '', filter: 'all', page: 1 } as const

t.test('ten thousand people', async t => {
  const { store, accounts, index } = open()
  for (let i = 0; i < 10_000; i++)
    await accounts.create({ name: `p${i}`, displayName: `Person ${i}`, groups: ['guests'] })
  const reads = countReads(store)
  t.match(await index.find(everybody), { total: 10_000, pages: 200 })
  t.ok(reads() >= 10_000, 'the first search reads them all')
  t.match(await index.find({ ...everybody, text: 'person 9999' }), { total: 1 })
  await accounts.create({ name: 'late' })
  t.match(await index.find({ ...everybody, text: 'LATE' }), { total: 1, people: [{ name: 'late' }] })
  const later = reads()
  t.ok(later < 50, `two searches and a change read ${later} records`)
  index.close()
})

t.test('changes, removals and a store that was away', async t => {
  const { accounts, index } = open()
  const ada = await accounts.create({ name: 'ada' })
  t.match(await index.find(everybody), { total: 1, page: 1, pages: 1 })
  await accounts.update(ada.id, { displayName: 'Ada Lovelace' })
  t.match(await index.find({ ...everybody, text: 'lovelace' }), { total: 1 })
  await accounts.suspend(ada.id, 'x')
  t.match(await index.find({ ...everybody, filter: 'suspended' }), { total: 1 })
  await accounts.remove(ada.id)
  t.match(await index.find(everybody), { total: 0 })
  await accounts.create({ name: 'grace', groups: ['helpdesk'] })
  index.close()
  t.match(
    await index.find({ ...everybody, filter: 'roles' }),
    { total: 1 },
    'it reads again after it has given its memory back'
  )
  index.close()
})

t.test('who has no second factor is asked anew after half a minute', async t => {
  let isEnrolled = false
  const { time, accounts, index } = open(async () => isEnrolled)
  await accounts.create({ name: 'ada' })
  const find = () => index.find({ ...everybody, filter: 'unenrolled' })
  t.match(await find(), { total: 1 })
  isEnrolled = true
  time.advance(31)
  t.match(await find(), { total: 0 })
  index.close()
})
