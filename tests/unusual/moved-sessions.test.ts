/** Sessions that go on in a new network: rare for a computer, daily for a phone, and not to be taken for the second address of one place. */
import t from 'tap'
import type { UsageObservation } from '../../src/unusual/observation.ts'
import { number, type Person } from '../../src/unusual/person.ts'
import type { FindPlace } from '../../src/unusual/places.ts'
import { packPerson, unpackPerson } from '../../src/unusual/records.ts'
import type { DoubtFacts } from '../../src/unusual/track.ts'
import type { Unusual } from '../../src/unusual/unusual.ts'
import { ask, monday, usualWeeks, watch } from './fixture.ts'

const phone =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1'
const day = 28

/** Workdays on which the phone, in one session, is in a new network each time. */
function roam(unusual: Unusual): void {
  for (let age = 0; age < day; age++)
    if (age % 7 < 5)
      ask(unusual, age, 2, i => ({
        session: 'phone',
        userAgent: phone,
        address: i === 0 ? '10.1.2.3' : `198.51.${age}.1`
      }))
}

const moves =
  (address: string, given: Partial<UsageObservation> = {}) =>
  (i: number): Partial<UsageObservation> => ({ ...given, address: i < 8 ? '10.1.2.3' : address })

function networkDoubt(unusual: Unusual, session: string): DoubtFacts | undefined {
  return unusual.doubtsOf(session).find(({ kind }) => kind === 'network')
}

t.test(
  'a computer whose session goes on in a new network is a doubt, however much the phone of its person roams',
  t => {
    const unusual = watch()
    usualWeeks(unusual)
    roam(unusual)
    ask(unusual, day, 20, moves('203.0.113.7'))
    t.match(networkDoubt(unusual, `s-${day}`), { isMidway: true })
    t.ok(networkDoubt(unusual, `s-${day}`)!.points >= 15)
    ask(unusual, day, 20, moves('192.0.2.9', { session: 'phone again', userAgent: phone }))
    t.ok(networkDoubt(unusual, 'phone again')!.points < 6, 'of the phone it says little')
    t.end()
  }
)

t.test('a thief who names the phone of the owner is judged as a computer that moves', t => {
  const unusual = watch()
  usualWeeks(unusual)
  roam(unusual)
  ask(unusual, day, 20, i => (i < 8 ? {} : { address: '203.0.113.7', userAgent: phone }))
  t.match(networkDoubt(unusual, `s-${day}`), { isMidway: true })
  t.ok(networkDoubt(unusual, `s-${day}`)!.points >= 15)
  t.end()
})

t.test('a computer that moves each day has few points for it', t => {
  const unusual = watch()
  for (let age = 0; age < day; age++) ask(unusual, age, 20, moves(`198.51.${age}.1`))
  ask(unusual, day, 20, moves('203.0.113.7'))
  t.ok(networkDoubt(unusual, `s-${day}`)!.points < 6)
  t.end()
})

t.test(
  'what is new on the first days of a person does not make later networks, clients and countries less of a surprise',
  t => {
    const unusual = watch()
    const places = ['10.1.2.3', '198.51.100.1', '203.0.113.7']
    for (let age = 0; age < day; age++) ask(unusual, age, 20, () => ({ address: places[age % 3]! }))
    const { person } = unusual.people.all.get('alice')!
    for (const index of [number.newNetworks, number.newDevices, number.newCountries]) t.equal(person.numbers[index], 0)
    t.end()
  }
)

t.test('both families of addresses of a new place are one move', t => {
  const unusual = watch()
  usualWeeks(unusual)
  ask(unusual, day, 20, i => ({ address: i < 8 ? '203.0.113.7' : '2001:db8:7::1' }))
  t.match(networkDoubt(unusual, `s-${day}`), { isMidway: false }, 'the session has begun there')
  ask(unusual, day + 1, 20, moves('2001:db9:8::1'))
  t.match(networkDoubt(unusual, `s-${day + 1}`), { isMidway: true }, 'a thief has the other family')
  t.end()
})

t.test('addresses of two owners are of two places, though they are of two families', t => {
  const owners: Record<string, number> = { '203.0.113.7': 2, '2001:db8:7::1': 2, '2001:db9:8::1': 3 }
  const findPlace: FindPlace = address => ({
    country: 'DE',
    latitude: null,
    longitude: null,
    radiusKm: 0,
    owner: owners[address] ?? 1
  })
  const unusual = watch({ findPlace })
  usualWeeks(unusual)
  for (const [session, other, isMidway] of [
    ['one owner', '2001:db8:7::1', false],
    ['two owners', '2001:db9:8::1', true]
  ] as const) {
    ask(unusual, day, 20, i => ({ session, address: i < 8 ? '203.0.113.7' : other }))
    t.match(networkDoubt(unusual, session), { isMidway }, session)
  }
  t.end()
})

t.test('a session that has begun long ago, nobody knows where, has all points of a new network', t => {
  const unusual = watch()
  usualWeeks(unusual)
  ask(unusual, day, 8, () => ({ session: 'old', sessionStartedAt: monday, address: '203.0.113.7' }))
  ask(unusual, day, 8, () => ({ session: 'new', address: '203.0.113.7' }))
  t.equal(networkDoubt(unusual, 'old')!.points, 2 * networkDoubt(unusual, 'new')!.points)
  t.end()
})

t.test(
  'records of releases that did not count moves of computers are read with all new networks, and theirs have the old size',
  t => {
    const unusual = watch()
    usualWeeks(unusual)
    const person: Person = unusual.people.all.get('alice')!.person
    person.numbers[number.newNetworks] = 3
    person.numbers[number.deskMoves] = 1
    const { deskMoves, ...older } = packPerson(person)
    t.equal(deskMoves, 1)
    t.equal(unpackPerson({ ...older, deskMoves }).numbers[number.deskMoves], 1)
    t.equal(unpackPerson(older).numbers[number.deskMoves], 3)
    t.end()
  }
)
