/** People in the store: what gates add up, what they keep without it, records of other versions, and clocks. */
import t, { type Test } from 'tap'
import { StoreUnreachable } from '../../src/store/store.ts'
import { usualFor } from '../../src/unusual/baseline.ts'
import { at, featureCount, features } from '../../src/unusual/features.ts'
import { assumed, everyone, Group } from '../../src/unusual/group.ts'
import { Keeper } from '../../src/unusual/keeper.ts'
import { OwnDay } from '../../src/unusual/own-day.ts'
import { hoursAt, known, number, Person, past, today } from '../../src/unusual/person.ts'
import {
  groupRecord,
  packGroup,
  packPerson,
  personRecord,
  unpackGroup,
  unpackPerson
} from '../../src/unusual/records.ts'
import { Unusual } from '../../src/unusual/unusual.ts'
import { MemoryStore } from '../fixtures/in-process/memory-store.ts'
import { ask, hourMs, monday, observation, usualWeeks, watch } from './fixture.ts'

const dayMs = 86_400_000

function gate(t: Test, store: MemoryStore, clock: { now: number }, isShared = true, learnMs = () => 0) {
  const problems: (string | null)[] = []
  const back: number[] = []
  const unusual = new Unusual({ isKept: true, learnMs, findPlace: null, onClockBack: days => back.push(days) })
  const keeper = new Keeper({
    people: unusual.people,
    store,
    clock: () => clock.now,
    isShared,
    onProblem: problem => problems.push(problem?.message ?? null)
  })
  t.teardown(() => keeper.stop())
  return { unusual, keeper, problems, back }
}

const stored = async (store: MemoryStore, account = 'alice') => {
  const record = await personRecord.get(store, account)
  return record === null ? null : unpackPerson(record)
}

t.test('two gates add up what each has counted, and each knows the sum', async t => {
  const clock = { now: monday + 9 * hourMs }
  const store = new MemoryStore(() => clock.now)
  const [one, other] = [gate(t, store, clock), gate(t, store, clock)]
  for (let i = 0; i < 5; i++) one.unusual.observe(observation({ at: clock.now, path: `/p/a/${i}`, bytes: 1000 }))
  for (let i = 5; i < 12; i++) other.unusual.observe(observation({ at: clock.now, path: `/p/a/${i}`, bytes: 1000 }))
  await one.keeper.tick(true)
  await other.keeper.tick(true)
  one.unusual.observe(observation({ at: clock.now, path: '/p/a/12', bytes: 1000 }))
  await one.keeper.tick(true)
  await other.keeper.tick(true)
  const person = await stored(store)
  t.equal(person?.numbers[at.bytes], 13_000)
  t.equal(person?.numbers[at.objects], 13)
  t.equal(one.unusual.people.all.get('alice')?.person.numbers[at.bytes], 13_000)
})

const alarmed = [
  { isShared: true, name: 'each second where other gates read it', pauses: [1, 1, 1], written: [1, 2, 3, 4] },
  { isShared: false, name: 'every ten seconds where nobody does', pauses: [1, 8, 1], written: [1, 1, 1, 4] }
]
for (const { isShared, name, pauses, written } of alarmed)
  t.test(`somebody with an alarm is written at once when it rises, and then ${name}`, async t => {
    const clock = { now: monday + 9 * hourMs }
    const store = new MemoryStore(() => clock.now)
    const { unusual, keeper } = gate(t, store, clock, isShared)
    unusual.observe(observation({ at: clock.now, bytes: 1 }))
    await keeper.tick()
    const live = unusual.people.all.get('alice')!
    const bytes: (number | undefined)[] = []
    const fetchAndLook = async () => {
      unusual.observe(observation({ at: clock.now, bytes: 1 }))
      await keeper.tick()
      bytes.push((await stored(store))?.numbers[at.bytes])
    }
    clock.now += 1000
    await keeper.tick()
    t.equal((await stored(store))?.numbers[at.bytes], 0, 'nobody is alarmed yet')
    live.person.alarm = 1
    unusual.observe(observation({ at: clock.now, bytes: 0 }))
    await keeper.tick()
    t.equal((await stored(store))?.alarm, 1)
    for (const [i, seconds] of [0, ...pauses].entries()) {
      if (i > 0) clock.now += seconds * 1000
      if (i > 0) await fetchAndLook()
      else bytes.push((await stored(store))?.numbers[at.bytes])
    }
    t.same(bytes, written)
  })

t.test('a day ends once, whichever gate sees the next one first', async t => {
  const clock = { now: monday + 9 * hourMs }
  const store = new MemoryStore(() => clock.now)
  const gates = [gate(t, store, clock), gate(t, store, clock)]
  for (let day = 0; day < 3; day++) {
    clock.now = monday + day * dayMs + 9 * hourMs
    for (const { unusual, keeper } of gates) {
      for (let i = 0; i < 20; i++) unusual.observe(observation({ at: clock.now, path: `/p/a/${day}-${i}` }))
      await keeper.tick(true)
    }
  }
  for (const { keeper } of gates) await keeper.tick(true)
  t.equal((await stored(store))?.ringCount, 2, 'two days are over')
  const group = await groupRecord.get(store, 'everyone')
  t.equal(Math.round(group?.days[0] ?? 0), 2, 'and everybody has learned of two')
  t.equal(gates[1]?.unusual.people.group(everyone, Math.floor(clock.now / dayMs)).since, Math.floor(monday / dayMs))
})

t.test('nothing is judged before the store has said what it knows', async t => {
  const clock = { now: monday + 9 * hourMs }
  const store = new MemoryStore(() => clock.now)
  const { unusual, keeper } = gate(t, store, clock)
  const many = (i: number) => ({ path: `/p${i % 40}/x/${i}`, fetchDest: undefined })
  t.same(ask(unusual, 0, 2000, many), [])
  await keeper.tick()
  t.ok(ask(unusual, 0, 3000, i => many(i + 2000)).length > 0)
})

t.test('while the store is down nothing is lost, and it is said once', async t => {
  const clock = { now: monday + 9 * hourMs }
  const store = new MemoryStore(() => clock.now)
  const { unusual, keeper, problems } = gate(t, store, clock)
  const get = store.get.bind(store)
  store.get = async () => {
    throw new StoreUnreachable('down')
  }
  for (let i = 0; i < 3; i++) {
    unusual.observe(observation({ at: clock.now, path: `/p/a/${i}`, bytes: 500 }))
    await keeper.tick(true)
  }
  t.same(problems, ['down'])
  store.get = get
  await keeper.tick(true)
  t.same(problems, ['down', null])
  t.equal((await stored(store))?.numbers[at.bytes], 1500)
})

t.test('a record of a newer release stays as it is, which is said once, and others are written', async t => {
  const clock = { now: monday + 9 * hourMs }
  const store = new MemoryStore(() => clock.now)
  const newer = JSON.stringify({ v: personRecord.version + 1, anything: true })
  await store.put(personRecord.key('alice'), newer)
  const { unusual, keeper, problems } = gate(t, store, clock)
  for (let i = 0; i < 3; i++) {
    unusual.observe(observation({ at: clock.now, path: `/p/a/${i}` }))
    unusual.observe(observation({ at: clock.now, account: 'bob', path: `/p/a/${i}` }))
    await keeper.tick(true)
  }
  t.equal(await store.get(personRecord.key('alice')), newer)
  t.equal((await stored(store, 'bob'))?.numbers[at.objects], 3)
  t.equal(problems.length, 1)
  t.match(problems[0], new RegExp(`version ${personRecord.version + 1}`))
})

t.test('records of version 1 are read: what was counted stays, and what was not is as assumed', async t => {
  const clock = { now: monday + 9 * hourMs }
  const store = new MemoryStore(() => clock.now)
  const oldFeatures = 13
  const zeros = (bytes: number) => Buffer.alloc(bytes).toString('base64url')
  const amounts = new Float32Array(2 * oldFeatures + 13)
  amounts[at.bytes] = 5e6
  amounts[2 * oldFeatures] = 7
  await store.put(
    personRecord.key('alice'),
    JSON.stringify({
      day: monday / dayMs,
      since: 20_000,
      ring: [20, 20],
      levels: [0, 0],
      today: [512, 0, 0, 0],
      hashes: zeros(296 * 4),
      days: zeros(172 * 2),
      numbers: Buffer.from(amounts.buffer).toString('base64url'),
      bytes: Buffer.alloc(28 * oldFeatures + 48, 33).toString('base64url')
    })
  )
  const person = (await stored(store)) as Person
  t.equal(person.numbers[at.bytes], 5e6)
  t.equal(person.numbers[number.sumBytes], 7)
  t.equal(person.bytes[featureCount], 33, 'the second day')
  t.equal(person.bytes[hoursAt + 47], 33, 'the hours')
  const usual = usualFor(person, assumed)
  for (const feature of [at.changes, at.deletions, at.peakWrites, at.haul]) {
    const [middle, spread] = features[feature]!.assumed
    t.ok(Math.abs(usual.middle[feature]! - middle) < 0.1)
    t.ok(usual.spread[feature]! > 0.8 * spread, 'nobody is asked because of an upgrade')
  }
})

t.test('records of version 3 are read, with what was led to on their day', async t => {
  const store = new MemoryStore(() => monday)
  const person = new Person(monday / dayMs)
  person.numbers[number.sumForeignBytes] = 3
  person.own = new OwnDay(new Float64Array(featureCount).fill(2), 512)
  const now = packPerson(person)
  const old = featureCount - 1
  const floats = (text: string) => new Float32Array(Uint8Array.from(Buffer.from(text, 'base64url')).buffer)
  const packed = (numbers: readonly number[]) => Buffer.from(Float32Array.from(numbers).buffer).toString('base64url')
  const [numbers, own] = [[...floats(now.numbers)], [...floats(now.own![0])]]
  numbers.splice(number.joinedDays)
  numbers.splice(2 * featureCount - 1, 1)
  numbers.splice(old, 1)
  const record = {
    ...now,
    v: 3,
    proved: undefined,
    numbers: packed(numbers),
    own: [packed(own.slice(0, old)), 512],
    bytes: Buffer.alloc(28 * old + 48, 33).toString('base64url')
  }
  await store.put(personRecord.key('alice'), JSON.stringify(record))
  const read = (await stored(store)) as Person
  t.equal(read.numbers[number.sumForeignBytes], 3)
  t.equal(read.bytes[hoursAt + 47], 33, 'the hours')
  t.equal(read.own?.numbers[at.peakWrites], 2)
  t.equal(read.own?.numbers[at.haul], 0)
})

t.test('records of version 6 are read: sums are the person’s own, unless much was led to on a day before', async t => {
  const store = new MemoryStore(() => monday)
  const person = new Person(monday / dayMs)
  person.numbers[number.sumBytes] = 4
  person.numbers[number.strangeDays] = 3
  const now = packPerson(person)
  const numbers = Buffer.from(now.numbers, 'base64url')
    .subarray(0, number.ownSumBytes * 4)
    .toString('base64url')
  for (const [ledDay, isOwn] of [
    [0, true],
    [20_700, false]
  ] as const) {
    await store.put(personRecord.key('alice'), JSON.stringify({ ...now, v: 6, numbers, ledDay }))
    const read = (await stored(store)) as Person
    t.same([read.numbers[number.sumBytes], read.numbers[number.strangeDays], read.isLed], [4, 3, !isOwn])
    t.same([read.withoutLed().numbers[number.sumBytes], read.withoutLed().strangeDaysOf(7)], isOwn ? [4, 2] : [0, 0])
  }
})

t.test(
  'records of version 5 are read, with the proof of their day, and groups of version 3 without scores',
  async t => {
    const store = new MemoryStore(() => monday)
    const person = new Person(monday / dayMs)
    person.numbers[number.strangeDays] = 5
    person.proved = { bytes: 7, objects: 8, times: 3, at: 9 }
    const now = packPerson(person)
    const numbers = Buffer.from(now.numbers, 'base64url')
      .subarray(0, number.joinedDays * 4)
      .toString('base64url')
    await store.put(personRecord.key('alice'), JSON.stringify({ ...now, v: 5, numbers, proved: [7, 8, 9] }))
    const read = (await stored(store)) as Person
    t.equal(read.numbers[number.strangeDays], 5)
    t.equal(read.numbers[number.joinedDays], 0)
    t.same(read.proved, { bytes: 7, objects: 8, times: 1, at: 9 })
    const group = new Group(monday / dayMs)
    group.days = 30
    await store.put(groupRecord.key('lab'), JSON.stringify({ ...packGroup(group), v: 3, scores: undefined }))
    const known = unpackGroup((await groupRecord.get(store, 'lab'))!)
    t.same([known.days, known.scoreOfOneDayIn(2)], [30, new Group(monday / dayMs).scoreOfOneDayIn(2)])
  }
)

t.test('a damaged record counts as none', async t => {
  const clock = { now: monday + 9 * hourMs }
  const store = new MemoryStore(() => clock.now)
  await store.put(personRecord.key('alice'), JSON.stringify({ v: 1, day: 3, hashes: 'short' }))
  const { unusual, keeper, problems } = gate(t, store, clock)
  unusual.observe(observation({ at: clock.now, bytes: 700 }))
  await keeper.tick(true)
  t.equal((await stored(store))?.numbers[at.bytes], 700)
  t.same(problems, [])
})

t.test('a clock that jumps back, and one that jumps ahead, lose nothing', async t => {
  const clock = { now: monday + 9 * hourMs }
  const store = new MemoryStore(() => clock.now)
  const { unusual, keeper, back } = gate(t, store, clock)
  const work = async (day: number) => {
    clock.now = monday + day * dayMs + 9 * hourMs
    for (let i = 0; i < 20; i++) unusual.observe(observation({ at: clock.now, path: `/p/a/${i}` }))
    await keeper.tick(true)
  }
  for (const day of [0, 1, 2, 3]) await work(day)
  await work(400)
  const days = (await stored(store))?.ringCount
  t.equal(days, 4)
  await work(4)
  await work(4)
  t.equal(back.length, 1, 'it is said once')
  await work(5)
  t.ok(((await stored(store))?.ringCount ?? 0) >= 5, 'and the watch goes on learning')
})

/** Work of one request on a day, and whether the watch still learns then. */
function working(t: Test, learnMs: () => number) {
  const clock = { now: monday }
  const store = new MemoryStore(() => monday)
  return {
    store,
    begin: () => gate(t, store, clock, true, learnMs),
    async work({ unusual, keeper }: ReturnType<typeof gate>, day: number) {
      clock.now = monday + day * dayMs + 9 * hourMs
      unusual.observe(observation({ at: clock.now }))
      await keeper.tick(true)
      return unusual.people.isLearning(clock.now)
    },
    /** What a gate does that nobody uses. */
    async idle({ keeper }: ReturnType<typeof gate>, day: number) {
      clock.now = monday + day * dayMs + 9 * hourMs
      await keeper.tick(true)
    }
  }
}

t.test('a watch that began while the clock stood years ahead learns no longer than it should', async t => {
  const { begin, work, idle } = working(t, () => 14 * dayMs)
  const first = begin()
  t.equal(await work(first, 4000), true)
  t.equal(await work(first, 0), true)
  for (let day = 1; day < 10; day++) await idle(first, day)
  t.equal(await work(first, 10), true, 'it learns from the day that has begun on the clock that is right')
  const later = begin()
  t.equal(await work(later, 14), true)
  t.equal(await work(later, 15), false, 'also after a restart')
})

t.test('a clock that is behind for a moment ends the learning of no gate', async t => {
  for (const isFirst of [true, false]) {
    const { begin, work, idle } = working(t, () => 14 * dayMs)
    const gates = [begin(), begin()] as const
    for (const day of [0, 1, 2]) t.equal(await work(gates[0], day), true)
    const behind = isFirst ? gates[0] : gates[1]
    await idle(behind, -4000)
    await work(behind, -4000)
    for (const each of gates) t.equal(await work(each, 3), true)
    for (const each of [...gates, begin()]) {
      t.equal(await work(each, 13), true)
      t.equal(await work(each, 14), false, 'and it is no longer either')
    }
  }
})

t.test('a clock that is years ahead for a moment restarts the learning of no gate', async t => {
  const { begin, work, idle } = working(t, () => 14 * dayMs)
  const gates = [begin(), begin()] as const
  for (const each of gates) t.equal(await work(each, 0), true)
  t.equal(await work(gates[0], 506), true, 'nobody knows yet which clock is wrong')
  for (let day = 6; day < 13; day++) for (const each of gates) await idle(each, day)
  for (const each of [...gates, begin()]) {
    t.equal(await work(each, 13), true)
    t.equal(await work(each, 14), false)
  }
})

t.test('a watch that began while the clock was behind learns as long as it should', async t => {
  const { begin, work } = working(t, () => 14 * dayMs)
  const first = begin()
  t.equal(await work(first, -10_000), true)
  t.equal(await work(first, 0), true)
  for (const each of [first, begin()]) {
    t.equal(await work(each, 13), true)
    t.equal(await work(each, 14), false)
  }
  t.equal(await work(first, -10_000), true)
  t.equal(await work(first, 15), false, 'once it has learned, a wrong clock does not begin it anew')
})

t.test('a clock that is put right while the store is away ends no learning either', async t => {
  for (const pause of [0, 1]) {
    const { store, begin, work, idle } = working(t, () => 14 * dayMs)
    const first = begin()
    store.isDown = true
    await idle(first, -10_000)
    await idle(first, 0)
    await idle(first, pause)
    store.isDown = false
    t.equal(await work(first, pause), true)
    for (const each of [first, begin()]) {
      t.equal(await work(each, 13), true)
      t.equal(await work(each, 14), false)
    }
  }
})

const start = monday + 28 * dayMs + 9 * hourMs
const idle = 11 * 60_000

/** Somebody whose usual days are in the store, who fetches from new areas through the gates. */
async function thief(t: Test) {
  const clock = { now: start }
  const store = new MemoryStore(() => clock.now)
  const before = watch()
  usualWeeks(before)
  await personRecord.put(store, 'alice', packPerson(before.people.all.get('alice')!.person))
  const makeGate = () => gate(t, store, clock)
  let next = 0
  /** `count` more objects; the number of questions for a proof. */
  const steal = async ({ unusual, keeper }: ReturnType<typeof makeGate>, count: number) => {
    let questions = 0
    for (let i = 0; i < count; i++) {
      clock.now += 1000
      const path = `/projects/p${10 + (next % 30)}/${next++}y.tif`
      if (unusual.observe(observation({ at: clock.now, path }))?.level === 'alarming') questions++
      if (i === 0 || i === count - 1) await keeper.tick()
    }
    return questions
  }
  const pause = async ({ keeper, unusual }: ReturnType<typeof makeGate>) => {
    for (let i = 0; i < 2; i++) {
      clock.now += idle
      await keeper.tick()
    }
    t.notOk(unusual.people.all.has('alice'))
  }
  const prove = async ({ unusual, keeper }: ReturnType<typeof makeGate>, provedAt = clock.now) => {
    unusual.proved('alice', 's1', clock.now, provedAt)
    // Somebody who is not in memory is loaded first.
    await keeper.tick()
    await keeper.tick()
  }
  return { clock, store, makeGate, steal, pause, prove }
}

for (const [name, pauses] of [
  ['after a proof at once', { before: false, after: false }],
  ['after a proof by somebody who was away for eleven minutes', { before: true, after: false }],
  ['when they come back eleven minutes after the proof', { before: false, after: true }],
  ['on another gate', { before: false, after: false, isElsewhere: true }],
  ['on another gate, after a proof by somebody who was away', { before: true, after: false, isElsewhere: true }],
  ['where a record of version 4 does not say what there was', { before: false, after: true, isOld: true }]
] as const)
  t.test(`as much again is asked about again ${name}, and a little more is not`, async t => {
    const { store, makeGate, steal, pause, prove } = await thief(t)
    const one = makeGate()
    t.equal(await steal(one, 700), 1)
    if (pauses.before) await pause(one)
    await prove(one)
    const record = (await stored(store))!
    t.equal(record.alarm, 0)
    t.ok(record.proved!.objects > 600, 'all gates know it')
    if (pauses.after) await pause(one)
    if ('isOld' in pauses) {
      const { proved, ...old } = packPerson((await stored(store))!)
      await store.put(personRecord.key('alice'), JSON.stringify({ v: 4, ...old }))
    }
    const there = 'isElsewhere' in pauses ? makeGate() : one
    t.equal(await steal(there, 40), 0)
    t.equal(await steal(there, 1000), 1)
    t.equal((await stored(store))?.alarm, 2)
  })

t.test('a proof counts once, also where a gate hears of it late', async t => {
  const { clock, store, makeGate, steal, prove } = await thief(t)
  const [one, other] = [makeGate(), makeGate()]
  await steal(one, 400)
  const provedAt = clock.now
  await prove(one)
  const { proved } = (await stored(store))!
  await steal(other, 300)
  await prove(other, provedAt)
  await other.keeper.tick(true)
  t.same((await stored(store))?.proved, proved)
  await prove(other)
  await other.keeper.tick(true)
  t.ok((await stored(store))!.proved!.objects > proved!.objects + 250, 'another proof does')
})

/** As much as a record can hold. */
function fullPerson(): Person {
  const person = new Person(20_700)
  person.hashes.fill(0xffffffff)
  person.days.fill(0xffff)
  person.numbers.fill(1.2345678e15)
  person.bytes.fill(255)
  person.ringCount = 28
  person.ringNext = 27
  person.pastLevel = person.todayLevel = 31
  person.hoursToday = 0xffffff
  person.answered = 399.5
  person.alarm = 3
  person.newToday = 63
  person.own = new OwnDay(new Float64Array(featureCount).fill(1.2345678e15), 0xffffff)
  person.proved = { bytes: 1.2345678e15, objects: 1.2345678e9, times: 99, at: 1_800_000_000_000 }
  return person
}

t.test('a full record of a person takes less than 4 kB', async t => {
  const text = personRecord.text(packPerson(fullPerson()))
  t.ok(Buffer.byteLength(text) + personRecord.key('x'.repeat(32)).length < 4096, `${Buffer.byteLength(text)} bytes`)
  const again = unpackPerson(personRecord.parse(text)!)
  t.same(again.hashes, fullPerson().hashes)
  t.same(again.bytes, fullPerson().bytes)
  t.match([again.own?.hours, again.own?.numbers.length], [0xffffff, featureCount])
  t.equal(again.ringNext, 27)
  t.equal(known.hashCount, again.hashes.length)
  t.ok(past.size > 0 && today.size > 0 && featureCount > 0)
})
