/** What a person has fetched from each app: over gates, over midnight, and for two weeks. */
import t from 'tap'
import { dayMs } from '../../src/clock.ts'
import { at } from '../../src/unusual/features.ts'
import { Keeper } from '../../src/unusual/keeper.ts'
import { movedDays, movedPlaces } from '../../src/unusual/moved.ts'
import { Person } from '../../src/unusual/person.ts'
import { hashText } from '../../src/unusual/read-path.ts'
import { packPerson, personRecord, unpackPerson } from '../../src/unusual/records.ts'
import { Unusual } from '../../src/unusual/unusual.ts'
import { MemoryStore } from '../fixtures/in-process/memory-store.ts'
import { hourMs, monday, observation } from './fixture.ts'

/** Bytes by app, for each of the last days, today first. */
function tableOf(person: Person | null, apps: readonly string[]): Record<string, number[]> {
  if (person === null) return {}
  const bytesOf = (app: string) => {
    const place = person.moved.apps.indexOf(hashText(app))
    return Array.from({ length: 4 }, (_, age) => (place < 0 ? 0 : person.moved.bytesOf(place, person.day, age)))
  }
  return Object.fromEntries(apps.map(app => [app, bytesOf(app)]))
}

const near = (expected: number) => (bytes: number) => Math.abs(bytes - expected) <= 0.06 * expected + 60_000

t.test('two gates count each app, and the days before stay, also one that teaches nothing', async t => {
  const store = new MemoryStore(() => now)
  let now = monday + 9 * hourMs
  const gates = [0, 1].map(() => {
    const unusual = new Unusual({ isKept: true, learnMs: () => 0, findPlace: null })
    const keeper = new Keeper({ people: unusual.people, store, clock: () => now, onProblem: () => {}, isShared: true })
    t.teardown(() => keeper.stop())
    return { unusual, keeper }
  })
  const fetch = (gate: number, app: string, bytes: number) =>
    gates[gate]?.unusual.observe(observation({ at: now, app, bytes }))
  const write = async () => {
    for (const { keeper } of gates) await keeper.tick(true)
  }
  fetch(0, 'files', 10e6)
  await write()
  fetch(1, 'wiki', 3e6)
  fetch(1, 'files', 5e6)
  fetch(0, 'files', 1e6)
  await write()
  await write()
  fetch(0, 'wiki', 4e6)
  const live = gates[0]?.unusual.people.all.get('alice')
  if (live !== undefined) live.person.alarm = 3
  now += dayMs
  fetch(0, 'files', 7e6)
  fetch(1, 'images', 2e6)
  await write()
  now += 2 * dayMs
  fetch(1, 'images', 1e6)
  await write()
  const record = await personRecord.get(store, 'alice')
  const { files, wiki, images } = tableOf(record && unpackPerson(record), ['files', 'wiki', 'images'])
  t.same([files?.[0], wiki?.[0], images?.[0]], [0, 0, 1e6], 'today')
  t.same([files?.[1], wiki?.[1], images?.[1]], [0, 0, 0], 'yesterday, when nobody came')
  t.ok(near(7e6)(files?.[2] ?? 0) && near(2e6)(images?.[2] ?? 0), 'two days ago')
  t.ok(near(16e6)(files?.[3] ?? 0) && near(7e6)(wiki?.[3] ?? 0), 'the day of the alarm, with what was not yet written')
})

t.test('an app without a place counts with the others; a place is free after two weeks without use', t => {
  const person = new Person(1000)
  for (let app = 1; app <= 12; app++) person.moved.add(app, app * 1000)
  t.equal(person.moved.today[movedPlaces - 1], 8000 + 9000 + 10_000 + 11_000 + 12_000)
  t.equal(
    person.moved.today.reduce((sum, bytes) => sum + bytes),
    78_000
  )
  for (let day = 1000; day < 1000 + movedDays; day++) person.moved.endDay(day, day + 1)
  person.moved.add(12, 5)
  t.equal(person.moved.apps[0], 12)
  person.moved.endDay(1014, 1500)
  t.ok(
    person.moved.days.every(byte => byte === 0),
    'a long absence'
  )
  t.end()
})

t.test('records without it, and with amounts that are none', t => {
  const person = new Person(1000)
  person.moved.add(7, 3)
  person.numbers[at.bytes] = 3
  const packed = packPerson(person)
  t.equal(unpackPerson(packed).moved.today[0], 3)
  const { moved, ...older } = packed
  t.equal(unpackPerson(older).moved.today[0], 0)
  t.equal(unpackPerson(older).numbers[at.bytes], 3)
  const none = Buffer.from(moved ?? '', 'base64url')
  none.writeFloatLE(Number.NaN, 0)
  t.equal(unpackPerson({ ...packed, moved: none.toString('base64url') }).moved.today[0], 0)
  t.equal(personRecord.parse(JSON.stringify({ ...packed, moved: 'short' })), null)
  t.end()
})
