/** What a person asks for before the gate has read what the store knows of them. */
import t from 'tap'
import { dayMs } from '../../src/clock.ts'
import { at } from '../../src/unusual/features.ts'
import { Keeper } from '../../src/unusual/keeper.ts'
import { personRecord, unpackPerson } from '../../src/unusual/records.ts'
import { Unusual } from '../../src/unusual/unusual.ts'
import { MemoryStore } from '../fixtures/in-process/memory-store.ts'
import { hourMs, monday, observation } from './fixture.ts'

const clock = { now: monday + 9 * hourMs }
const known = Array.from({ length: 8 }, (_, i) => `/projects/p${i % 4}/${i}.tif`)

function gate(store: MemoryStore) {
  const unusual = new Unusual({ isKept: true, learnMs: () => 0, findPlace: null })
  const { people } = unusual
  const keeper = new Keeper({ people, store, clock: () => clock.now, isShared: true, onProblem: () => {} })
  const see = (path: string, bytes = 1000) => unusual.observe(observation({ at: clock.now, path, bytes }))
  return { unusual, keeper, see }
}

/** Somebody who opens the same eight addresses on ten days. */
async function someWeeks(store: MemoryStore): Promise<void> {
  const { keeper, see } = gate(store)
  for (let day = 0; day < 10; day++) {
    for (const path of known) see(path)
    await keeper.tick(true)
    clock.now += dayMs
  }
}

t.test('what is known to the store is not new, although a gate has just started', async t => {
  const store = new MemoryStore(() => clock.now)
  await someWeeks(store)
  const { unusual, keeper, see } = gate(store)
  for (const path of known) see(path)
  await keeper.tick()
  const { person } = unusual.people.all.get('alice')!
  const of = ['objects', 'bytes', 'newAreas', 'newObjects', 'peakObjects', 'foreignObjects', 'foreignBytes'] as const
  t.same(Object.fromEntries(of.map(id => [id, person.numbers[at[id]]])), {
    objects: 8,
    bytes: 8000,
    newAreas: 0,
    newObjects: 0,
    peakObjects: 0,
    foreignObjects: 0,
    foreignBytes: 0
  })
  see('/projects/p99/new.tif')
  t.match([person.numbers[at.newAreas], person.numbers[at.newObjects]], [1, 1], 'what is new counts')
})

t.test('a gate that stops at once writes it, and a flood does not wait', async t => {
  const store = new MemoryStore(() => clock.now)
  await someWeeks(store)
  const { unusual, keeper, see } = gate(store)
  for (let i = 0; i < 1000; i++) see(`/projects/p1/more${i}.tif`)
  const live = unusual.people.all.get('alice')!
  t.equal(live.waiting?.length, 256)
  t.equal(live.person.numbers[at.bytes], 744_000)
  await keeper.stop()
  t.equal(live.waiting, null)
  t.equal(unpackPerson((await personRecord.get(store, 'alice'))!).numbers[at.bytes], 1_000_000)
})

t.test('while the store is down, only so much waits in all', async t => {
  const store = new MemoryStore(() => clock.now)
  store.isDown = true
  const { unusual } = gate(store)
  for (let n = 0; n < 100; n++)
    for (let i = 0; i < 300; i++) unusual.observe(observation({ at: clock.now, account: `p${n}`, path: `/${i}` }))
  let waiting = 0
  for (const live of unusual.people.all.values()) waiting += live.waiting?.length ?? 0
  t.equal(waiting, 20_000)
})
