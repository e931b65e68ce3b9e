/** What another site leads a person's browser to may ask the person for a proof, and suspends nobody. */
import t from 'tap'
import { dayMs } from '../../src/clock.ts'
import type { ObservedClient } from '../../src/metering/observation.ts'
import { at } from '../../src/unusual/features.ts'
import { Keeper } from '../../src/unusual/keeper.ts'
import type { UsageObservation } from '../../src/unusual/observation.ts'
import { observationOf } from '../../src/unusual/observer.ts'
import { number, sums } from '../../src/unusual/person.ts'
import { personRecord, unpackPerson } from '../../src/unusual/records.ts'
import { Unusual, type UnusualVerdict } from '../../src/unusual/unusual.ts'
import { wordsOfVerdict } from '../../src/unusual/verdict-words.ts'
import { MemoryStore } from '../fixtures/in-process/memory-store.ts'
import { ask, hourMs, monday, observation, silent, usualWeeks, watch } from './fixture.ts'

const day = 28
/** At night, by number, much, from areas of others: four kinds of signals. */
const theft = (i: number): Partial<UsageObservation> => ({
  at: monday + day * dayMs + 2 * hourMs + i * 1000,
  path: `/records/p${i % 40}/${1000 + i}`,
  bytes: 50e6,
  fetchDest: 'document',
  status: i % 3 === 0 ? 404 : 200
})

t.test(
  'O7 · another site fetches in a person’s name: only what the person does of their own accord suspends',
  async t => {
    const levelsOf = (isLed: (i: number) => boolean, count = 1500) => {
      const unusual = watch()
      usualWeeks(unusual)
      return ask(unusual, day, count, i => ({ ...theft(i), isLed: isLed(i) }))
    }
    const own = levelsOf(() => false)
    t.equal(own.at(-1)?.level, 'extreme', 'without a lead the account is suspended')
    t.match(own.at(-1), { led: null, isSpared: false })
    const led = levelsOf(() => true)
    t.match(led.at(-1), { level: 'extreme', isSpared: true }, 'it is said, and suspends nobody')
    t.equal(led.filter(({ level }) => level === 'extreme').length, 1, 'once')
    t.match(
      wordsOfVerdict(led.at(-1)!).why,
      /Without that part it is not extreme, so the account is not suspended for it\.$/
    )
    t.notMatch(wordsOfVerdict(own.at(-1)!).why, /not suspended/)
    t.match(
      wordsOfVerdict(led.at(-1)!).why,
      /Another site, a prefetch, or pictures and other parts of pages may have led the browser to \d+ of these addresses/
    )
    t.match(
      levelsOf(i => i % 100 === 0).at(-1),
      { level: 'extreme', isSpared: false },
      'a few that are led change nothing'
    )
    t.match(levelsOf(i => i % 100 !== 0).at(-1), { level: 'extreme', isSpared: true }, 'nor a few that are not')
    const both = levelsOf(i => i < 1000, 4500)
    t.match(
      both.at(-1),
      { level: 'extreme', isSpared: false },
      'what the person does afterwards of their own accord suspends'
    )
  }
)

t.test('a colleague writes a page of thousands of pictures: its reader is not suspended for them', t => {
  /** Half of them are gone, all are of other people's areas, and it is evening. */
  const page = (client: Partial<ObservedClient>) => {
    const unusual = watch()
    usualWeeks(unusual)
    const verdicts: UnusualVerdict[] = []
    for (let i = 0; i < 3000; i++) {
      const told = {
        exchange: {
          reference: '',
          person: {
            account: 'alice',
            name: 'alice',
            groups: ['lab'],
            session: 's',
            sessionStartedAt: monday,
            signedInWith: null
          },
          app: 'files',
          method: 'GET',
          path: i % 3 === 0 ? `/r/p${i % 40}/${1000 + i}` : `/records/${1000 + i}`,
          query: '',
          destination: '',
          address: '10.1.2.3',
          client: { ...silent(), ...client },
          isSocket: false,
          isLed: false
        },
        phase: 'end',
        at: monday + day * dayMs + 19 * hourMs + i * 17,
        bytesIn: 0,
        bytesOut: i % 3 === 0 ? 300 : 1e6,
        isFirst: true,
        status: i % 3 === 0 ? 404 : 200,
        reason: null
      } as const
      const verdict = unusual.observe(observationOf(told) as UsageObservation)
      if (verdict !== null) verdicts.push(verdict)
    }
    return verdicts.at(-1)
  }
  const script = page({ fetchMode: 'cors', fetchDest: 'empty', accept: '*/*' })
  t.match(script, { level: 'extreme', isSpared: false }, 'a program that fetches them is suspended')
  for (const [what, client] of [
    ['pictures', { fetchMode: 'no-cors', fetchDest: 'image', accept: 'image/avif,*/*' }],
    ['frames', { fetchMode: 'navigate', fetchDest: 'iframe', accept: 'text/html' }],
    ['pictures of a browser that does not say it', { accept: 'image/avif,image/webp,*/*' }]
  ] as const)
    t.match(page(client), { level: 'extreme', isSpared: true }, what)
  t.end()
})

t.test('days on which much was led to do not help to suspend anybody later', async t => {
  for (const isLed of [true, false]) {
    const unusual = watch()
    usualWeeks(unusual)
    for (let n = 0; n < 3; n++)
      ask(unusual, day + n, 300, i => ({ ...theft(i), at: monday + (day + n) * dayMs + 9 * hourMs + i * 1000, isLed }))
    const { person } = unusual.people.all.get('alice')!
    ask(unusual, day + 3, 1)
    t.equal(person.strangeDaysOf(7), 3, 'the watch remembers them')
    const own = person.withoutLed()
    t.equal(own.strangeDaysOf(7), isLed ? 0 : 3)
    for (const sum of sums) t.equal(own.numbers[sum]! > 0, !isLed && person.numbers[sum]! > 0)
    t.ok(person.numbers[number.sumBytes]! > 3)
  }
})

t.test('a slow theft suspends whoever looks at pictures every day as it suspends others', async t => {
  const slow = (pictures: number) => {
    const unusual = watch()
    const work = (d: number) => {
      const at = (i: number) => monday + d * dayMs + 9 * hourMs + i * 61_000
      ask(unusual, d, 60, i => ({ at: at(i), bytes: 60_000 }))
      return ask(unusual, d, 60, i => ({
        at: at(i) + 1000,
        bytes: 30_000,
        path: `/projects/p1/thumb/${d}-${i}.jpg`,
        fetchDest: 'image',
        isLed: i < pictures
      }))
    }
    const verdicts: UnusualVerdict[] = []
    for (let d = 0; d < 42; d++) {
      if (d % 7 > 4) continue
      verdicts.push(...work(d))
      if (d < 28) continue
      const theft = (i: number) => ({
        at: monday + d * dayMs + 20 * hourMs + i * 9000 + ((i * 7919) % 5000),
        path: `/records/p${(d * 3 + i) % 12}/${d}-${i}.tif`,
        bytes: 2.5e6,
        status: i % 9 > 0 ? 200 : 404
      })
      verdicts.push(...ask(unusual, d, 160, theft))
    }
    return verdicts
  }
  for (const pictures of [0, 60]) {
    const verdicts = slow(pictures)
    t.ok(
      verdicts.some(({ level, isSpared }) => level === 'extreme' && !isSpared),
      `${pictures} pictures on each day`
    )
    t.notOk(
      verdicts.some(({ led, isSpared }) => led !== null && !isSpared),
      'usual pictures are not worth a sentence'
    )
  }
})

t.test('two gates and a restart know the same', async t => {
  const clock = { now: monday + 9 * hourMs }
  const store = new MemoryStore(() => clock.now)
  const gate = () => {
    const unusual = new Unusual({ isKept: true, learnMs: () => 0, findPlace: null })
    const keeper = new Keeper({
      people: unusual.people,
      isShared: true,
      store,
      clock: () => clock.now,
      onProblem: problem => t.equal(problem, null)
    })
    const see = (count: number, isLed: boolean, from: string) => {
      for (let i = 0; i < count; i++)
        unusual.observe(observation({ at: clock.now, path: `/p/${from}/${i}`, bytes: 1000, isLed }))
    }
    return { unusual, keeper, see }
  }
  const [one, two] = [gate(), gate()]
  one.see(10, false, 'a')
  await one.keeper.tick(true)
  two.see(5, false, 'b')
  await two.keeper.tick(true)
  two.see(20, true, 'c')
  one.see(3, false, 'd')
  await two.keeper.tick(true)
  await one.keeper.tick(true)
  await two.keeper.tick(true)
  for (const { unusual } of [one, two]) {
    const { person } = unusual.people.all.get('alice')!
    t.equal(person.numbers[at.bytes], 38_000)
    t.equal(person.own?.numbers[at.bytes], 18_000)
    t.equal(person.own?.numbers[at.objects], 18)
  }
  const stored = unpackPerson((await personRecord.get(store, 'alice'))!)
  t.equal(stored.own?.numbers[at.bytes], 18_000)
  clock.now += dayMs
  one.see(1, false, 'a')
  await one.keeper.tick(true)
  t.equal(unpackPerson((await personRecord.get(store, 'alice'))!).own, null, 'a new day begins as the person’s own')
})
