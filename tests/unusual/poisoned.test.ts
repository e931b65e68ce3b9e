/** Thefts and pranks that would teach the watch: what is left of them on the day after. */
import t from 'tap'
import { dayMs } from '../../src/clock.ts'
import { Keeper } from '../../src/unusual/keeper.ts'
import { find, note } from '../../src/unusual/known-list.ts'
import { mergeInto } from '../../src/unusual/merge.ts'
import type { UsageObservation } from '../../src/unusual/observation.ts'
import { countedToday, known, Person } from '../../src/unusual/person.ts'
import { Unusual, type UnusualVerdict } from '../../src/unusual/unusual.ts'
import { MemoryStore } from '../fixtures/in-process/memory-store.ts'
import { ask, firefox, germany, hourMs, monday, usualWeeks, watch } from './fixture.ts'

const day = 28
const at = (age: number, i: number) => monday + age * dayMs + 10 * hourMs + i * 1000
/** Abroad, in the owner's session, by a program. */
const theft = (age: number, i: number): Partial<UsageObservation> => ({
  at: at(age, i),
  session: `owner-${age}`,
  sessionStartedAt: at(age, -3600),
  signedInWith: { userAgent: firefox, address: '10.1.2.3' },
  userAgent: 'python-requests/2.32',
  fetchDest: undefined,
  address: '203.0.113.7',
  path: `/projects/p${100 + (i % 20)}/${age}-${i}.tif`,
  bytes: 5e6
})
const scoreOfFirst = (verdicts: readonly UnusualVerdict[]) => verdicts[0]?.score ?? 0
const idsOf = (verdicts: readonly UnusualVerdict[]) => verdicts[0]?.signals.map(({ id }) => id) ?? []

t.test('O11 · the owner signs in again after a theft from elsewhere → the thief’s day does not become theirs', t => {
  const unusual = watch({ findPlace: germany })
  usualWeeks(unusual)
  const first = ask(unusual, day, 200, i => theft(day, i))
  t.match(first[0], { level: 'alarming', isShared: true })
  const live = unusual.people.all.get('alice')!
  const days = live.person.ringCount
  unusual.proved('alice', 'signed-in-again', at(day, 500))
  ask(unusual, day, 20, i => ({ at: at(day, 600 + i), session: 'signed-in-again' }))
  const again = ask(unusual, day + 1, 200, i => theft(day + 1, i))
  t.equal(live.person.ringCount, days, 'the day is not learned')
  t.equal(scoreOfFirst(again), scoreOfFirst(first), 'the thief who comes back is as unusual as before')
  for (const id of ['network', 'country', 'travel', 'newAreas'])
    t.ok(idsOf(again).includes(id), `${id} is new to the person on the second day too`)
  t.end()
})

t.test('a thief who comes daily stays as new as on the first day', t => {
  const unusual = watch({ findPlace: germany })
  usualWeeks(unusual)
  for (let age = day; age < day + 5; age++) {
    const verdicts = ask(unusual, age, 200, i => ({
      ...theft(age, i),
      userAgent: firefox,
      fetchDest: 'empty',
      bytes: 1e5
    }))
    const points = verdicts[0]!.signals.filter(({ id }) => ['network', 'country', 'travel'].includes(id))
    t.same(
      points.map(signal => [signal.id, signal.points]),
      [
        ['travel', 35],
        ['country', 34],
        ['network', 17]
      ],
      `day ${age}`
    )
    unusual.proved('alice', `again-${age}`, at(age, 500))
    ask(unusual, age, 20, i => ({ at: at(age, 600 + i), session: `again-${age}` }))
  }
  t.end()
})

t.test('another gate hears of the theft through the store', async t => {
  const clock = { now: 0 }
  const store = new MemoryStore(() => clock.now)
  const gate = () => {
    const unusual = new Unusual({ isKept: true, learnMs: () => 0, findPlace: germany })
    const onProblem = (problem: Error | null) => t.equal(problem, null)
    return {
      unusual,
      keeper: new Keeper({ people: unusual.people, store, clock: () => clock.now, isShared: true, onProblem })
    }
  }
  const [one, two] = [gate(), gate()]
  for (let age = 0; age < day; age++) {
    if (age % 7 > 4) continue
    clock.now = at(age, 0)
    ask(one.unusual, age, 30)
    await one.keeper.tick(true)
  }
  clock.now = at(day, 0)
  ask(one.unusual, day, 1)
  await one.keeper.tick(true)
  ask(one.unusual, day, 200, i => theft(day, i))
  clock.now = at(day, 300)
  await one.keeper.tick(true)
  ask(two.unusual, day, 1, () => ({ at: at(day, 400), session: 'again' }))
  await two.keeper.tick(true)
  two.unusual.proved('alice', 'again', at(day, 500))
  ask(two.unusual, day, 20, i => ({ at: at(day, 600 + i), session: 'again' }))
  await two.keeper.tick(true)
  const days = two.unusual.people.all.get('alice')!.person.ringCount
  clock.now = at(day + 1, 0)
  ask(two.unusual, day + 1, 1)
  await two.keeper.tick(true)
  t.equal(two.unusual.people.all.get('alice')!.person.ringCount, days, 'the day is not learned')
  const again = ask(two.unusual, day + 1, 200, i => theft(day + 1, i))
  for (const id of ['network', 'country', 'travel']) t.ok(idsOf(again).includes(id), `${id} is still new`)
})

t.test('a proof for what somebody elsewhere has fetched allows no more of it', t => {
  const unusual = watch({ findPlace: germany })
  usualWeeks(unusual)
  ask(unusual, day, 400, i => theft(day, i))
  unusual.proved('alice', 'signed-in-again', at(day, 500))
  t.match(unusual.people.all.get('alice')!.person.proved, { bytes: 0, objects: 0 })
  const more = ask(unusual, day, 100, i => ({
    at: at(day, 600 + i),
    session: 'signed-in-again',
    path: `/projects/p${200 + i}/x.tif`,
    bytes: 5e6
  }))
  t.ok(more.length > 0, 'it is asked again after 200 MB, and not after as much as the thief has fetched')
  t.end()
})

t.test('one page with a hundred addresses of areas makes nobody a stranger to their own', t => {
  const steady = (unusual: Unusual, age: number) =>
    ask(unusual, age, 60, i => ({
      path: `/projects/p${i % 30}/${(i * 7 + (age % 3)) % 60}x.tif`,
      at: monday + age * dayMs + (9 + (i % 8)) * hourMs + i * 10_000
    }))
  const unusual = watch()
  for (let age = 0; age < 35; age++) if (age % 7 < 5) steady(unusual, age)
  ask(unusual, 35, 100, i => ({ path: `/junk${i}/a/${i}`, bytes: 300, status: 404, at: at(35, i / 50), isLed: true }))
  const { person } = unusual.people.all.get('alice')!
  steady(unusual, 36)
  t.ok(person.numbers[4]! <= 10, `${person.numbers[4]} areas are new on the next day, of 30`)
  t.end()
})

t.test('an area is new once a day, also in a full list', t => {
  const unusual = watch()
  for (let age = 0; age < 35; age++)
    if (age % 7 < 5)
      ask(unusual, age, 80, i => ({
        path: `/projects/p${i % 40}/${(i * 7 + (age % 3)) % 60}x.tif`,
        at: monday + age * dayMs + (9 + (i % 8)) * hourMs + i * 10_000
      }))
  ask(unusual, 35, 400, i => ({ path: `/fresh/n${i % 12}/${i}.tif`, at: at(35, i * 20) }))
  t.equal(unusual.people.all.get('alice')!.person.numbers[4], 12)
  t.end()
})

t.test('two gates that join what they know throw out nothing that is in use', t => {
  const make = () => {
    const person = new Person(200)
    for (let i = 1; i <= 40; i++)
      note(person, known.areas, 1000 + i, i === 1 ? 150 : 200, i === 1 ? 100 : i === 40 ? 110 : 160)
    return person
  }
  const [store, live] = [make(), make()]
  note(store, known.areas, 5, 200)
  mergeInto(store, live, countedToday(live))
  const lost = Array.from({ length: 40 }, (_, i) => 1001 + i).filter(area => find(store, known.areas, area) < 0)
  t.same(lost, [1001], 'the one that was not used for fifty days makes room')
  t.ok(find(store, known.areas, 5) >= 0)
  t.end()
})

t.test(
  'whoever works through tunnels that end in another country each time is asked in the first two weeks, and no more',
  t => {
    const countries = ['NL', 'US', 'SE', 'FR', 'JP', 'CH', 'AT']
    const unusual = watch({
      findPlace: address => {
        const [first, second] = address.split('.').map(Number) as [number, number]
        const place = first === 10 ? { country: 'DE', latitude: 51, longitude: 10 } : null
        const far = {
          country: countries[second % countries.length]!,
          latitude: (second * 17) % 60,
          longitude: second % 180
        }
        return { ...(place ?? far), radiusKm: 50, owner: null }
      }
    })
    usualWeeks(unusual)
    const asked = Array.from({ length: 56 }, (_, n) => 28 + n)
      .filter(age => age % 7 < 5)
      .filter(age => {
        const verdicts = ask(unusual, age, 60, i => {
          const address = `185.${(age * 6 + Math.floor(i / 10)) % 250}.1.7`
          return { at: at(age, i * 100), bytes: 60_000, address, sessionStartedAt: at(age, 0), signedInWith: null }
        })
        const isAsked = verdicts.some(({ level }) => level !== 'strange')
        if (isAsked) unusual.proved('alice', `s-${age}`, at(age, 7000))
        return isAsked
      })
    t.ok(asked.length <= 8 && asked.at(-1)! < 42, `asked on ${asked.length} of 40 days: ${asked}`)
    t.end()
  }
)
