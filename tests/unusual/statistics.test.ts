/** The statistics: points, what is usual, what a day teaches, sums, and groups. */
import t from 'tap'
import { dayMs } from '../../src/clock.ts'
import { usualFor } from '../../src/unusual/baseline.ts'
import {
  pointsOfChance,
  pointsOfDeviation,
  pointsOfLightDeviation,
  tailOfNormal,
  tailOfT6
} from '../../src/unusual/chance.ts'
import { endDay } from '../../src/unusual/end-day.ts'
import { at, featureCount, features, fromByte, toByte, toScale } from '../../src/unusual/features.ts'
import { assumed, Group, type Usual, usualOf } from '../../src/unusual/group.ts'
import { number, Person } from '../../src/unusual/person.ts'
import { hashText, readPath } from '../../src/unusual/read-path.ts'
import { scoreOf, sumAfter, sumNow } from '../../src/unusual/score.ts'
import { alarmingFrom, thresholds } from '../../src/unusual/thresholds.ts'

t.test('the tail of Student’s t with six degrees of freedom', async t => {
  // Quantiles of printed tables.
  for (const [quantile, chance] of [
    [1.439756, 0.1],
    [1.94318, 0.05],
    [3.142668, 0.01],
    [5.207626, 0.001]
  ] as const)
    t.ok(Math.abs(tailOfT6(quantile) / chance - 1) < 1e-4, `${quantile}`)
  t.ok(Math.abs(tailOfT6(59.999) / tailOfT6(60.001) - 1) < 0.02, 'the two forms meet')
  t.equal(pointsOfDeviation(-3), 0)
  t.equal(pointsOfChance(1), 0)
  t.equal(Math.round(pointsOfChance(0.01)), 20)
})

t.test('the tail of the normal distribution', async t => {
  for (const [quantile, chance] of [
    [0, 0.5],
    [0.67449, 0.25],
    [1.281552, 0.1],
    [2.326348, 0.01],
    [3.090232, 0.001],
    [4.264891, 1e-5]
  ] as const)
    t.ok(Math.abs(tailOfNormal(quantile) / chance - 1) < 0.012, `${quantile}`)
  t.equal(pointsOfLightDeviation(-3), 0)
  t.equal(Math.round(pointsOfLightDeviation(2.326)), 20)
  t.ok(Number.isFinite(pointsOfLightDeviation(1000)))
})

t.test('a byte keeps an amount to five per cent', async t => {
  for (const amount of [0, 1, 17, 4e3, 9e5])
    t.ok(Math.abs(Math.expm1(fromByte(toByte(toScale(at.objects, amount)))) * 5 - amount) <= 0.06 * (amount + 5))
  t.equal(toByte(1e9), 255)
})

/** A person with one amount a day. */
function lived(amounts: readonly number[], peers: Usual = assumed): Person {
  const person = new Person(100)
  for (const [i, amount] of amounts.entries()) {
    person.numbers[at.bytes] = amount
    person.numbers[at.objects] = 10
    endDay(person, usualFor(person, peers), 101 + i, false)
  }
  return person
}

/** A person whose days are in the ring as they are: values on the scale of logarithms, and how many days ago each was. */
function withDays(values: readonly number[], agesOf: (i: number) => number = () => 0): Person {
  const person = new Person(1000)
  for (const [i, value] of values.entries()) {
    person.bytes[i * featureCount + at.bytes] = toByte(value)
    person.days[i] = 1000 - agesOf(i)
  }
  person.ringCount = values.length
  return person
}

const wide: readonly number[] = [1, 1, 2, 2, 4, 6, 9]

t.test(
  'the weighted median, 1.4826·MAD, the upper tenth and the half-life of 21 days, by inputs with known results',
  async t => {
    // [what, values, ages in days, weight of all days, their median, their spread]
    const table: readonly [string, readonly number[], (i: number) => number, number, number, number][] = [
      ['all alike: the least spread', new Array(12).fill(4), () => 0, 12, 4, 0.8],
      ['1, 1, 2, 2, 4, 6, 9: the median is 2, the MAD 1, but the upper tenth is 9', wide, () => 0, 7, 2, 7 / 1.28],
      ['the same upside down: the MAD is 1', wide.map(each => 10 - each), () => 0, 7, 8, 1.4826],
      [
        '3 of today beside 5 of three weeks ago, which count half',
        [5, 5, 5, 3, 3],
        i => (i < 3 ? 21 : 0),
        3.5,
        3,
        2 / 1.28
      ],
      ['3 beside 5 of six weeks ago, which count a quarter', [5, 5, 5, 3, 3], i => (i < 3 ? 42 : 0), 2.75, 3, 2 / 1.28],
      ['the same, all of today: the median is 5', [5, 5, 5, 3, 3], () => 0, 5, 5, 0.8],
      ['one wild day in fifteen changes nothing', [...new Array(14).fill(4), 15], () => 0, 15, 4, 0.8]
    ]
    const theirs = { middle: 1, spread: 2 }
    const peers = {
      middle: new Array(featureCount).fill(theirs.middle),
      spread: new Array(featureCount).fill(theirs.spread)
    }
    for (const [what, values, ages, weight, middle, spread] of table) {
      const usual = usualFor(withDays(values, ages), peers)
      // The peers weigh as much as four days.
      const share = weight / (weight + 4)
      const drawn = share * middle + (1 - share) * theirs.middle
      const wider = share * spread ** 2 + (1 - share) * (theirs.spread ** 2 + share * (middle - theirs.middle) ** 2)
      t.ok(Math.abs(usual.middle[at.bytes]! - drawn) < 1e-6, `${what}: ${usual.middle[at.bytes]} is ${drawn}`)
      t.ok(Math.abs(usual.spread[at.bytes]! - Math.sqrt(wider)) < 1e-6, `${what}: ${usual.spread[at.bytes]}`)
    }
  }
)

t.test('a newcomer has the usual of their peers, and a known person their own', async t => {
  t.same(usualFor(lived([]), assumed), assumed)
  const known = usualFor(lived(new Array(28).fill(1e9)), assumed)
  const theirs = toScale(at.bytes, 1e9)
  t.ok(Math.abs(known.middle[at.bytes]! - theirs) < 0.35 * Math.abs(theirs - assumed.middle[at.bytes]!))
  t.ok(usualFor(lived([1e9]), assumed).spread[at.bytes]! > known.spread[at.bytes]!, 'and a wider spread before')
})

t.test('old days count less', async t => {
  const amounts = [...new Array(20).fill(1e6), ...new Array(8).fill(1e8)]
  const before = usualFor(lived(amounts), assumed).middle[at.bytes]!
  const person = lived(amounts)
  for (let i = 0; i < 20; i++) {
    person.numbers[at.bytes] = 1e8
    person.numbers[at.objects] = 10
    endDay(person, usualFor(person, assumed), person.day + 1, false)
  }
  t.ok(usualFor(person, assumed).middle[at.bytes]! > before)
})

t.test('one day moves the usual little, whatever happens on it', async t => {
  const quiet = lived(new Array(25).fill(1e7))
  const loud = lived([...new Array(24).fill(1e7), 1e13])
  t.ok(Math.abs(usualFor(quiet, assumed).middle[at.bytes]! - usualFor(loud, assumed).middle[at.bytes]!) < 0.2)
})

t.test('an alarming day teaches nothing without a proof, and while the watch learns every day teaches', async t => {
  const after = (change: (person: Person) => void, isLearning = false) => {
    const person = lived(new Array(10).fill(1e7))
    person.numbers[at.bytes] = 1e12
    person.numbers[at.objects] = 500
    change(person)
    const lesson = endDay(person, usualFor(person, assumed), person.day + 1, isLearning)
    return { taught: lesson !== null, days: person.ringCount }
  }
  t.same(
    after(person => {
      person.alarm = 2
    }),
    { taught: false, days: 10 }
  )
  t.same(
    after(person => {
      person.alarm = 1
    }),
    { taught: true, days: 11 }
  )
  t.same(
    after(person => {
      person.answered = 60
    }),
    { taught: true, days: 11 }
  )
  t.same(
    after(person => {
      person.alarm = 2
    }, true),
    { taught: true, days: 11 }
  )
})

t.test('whoever fetches a tenth more each day is found by the sum, and teaches less than that', async t => {
  const person = lived(new Array(28).fill(1e8))
  const before = usualFor(person, assumed).middle[at.bytes]!
  let amount = 1e8
  let summedAt = 0
  for (let day = 1; day <= 28; day++) {
    amount *= 1.1
    person.numbers[at.bytes] = amount
    person.numbers[at.objects] = 10
    const usual = usualFor(person, assumed)
    if (summedAt === 0 && sumNow(person, usual, at.bytes, number.sumBytes) > 5) summedAt = amount
    endDay(person, usual, person.day + 1, false)
  }
  t.ok(
    usualFor(person, assumed).middle[at.bytes]! - before < 0.75 * Math.log(amount / 1e8),
    'the slow mean holds it down'
  )
  t.ok(summedAt > 0, 'the sum sees it')
})

t.test('sums forget one busy day, and remember many', async t => {
  const person = lived(new Array(20).fill(1e8))
  const usual = usualFor(person, assumed)
  const sumOf = (amounts: readonly number[]) => {
    person.numbers[number.sumBytes] = 0
    for (const amount of amounts) {
      person.numbers[at.bytes] = amount
      person.numbers[number.sumBytes] = sumAfter(person.numbers[number.sumBytes]!, person.numbers, usual, at.bytes)
    }
    return person.numbers[number.sumBytes]!
  }
  t.equal(sumOf([1e12, ...new Array(10).fill(1e8)]), 0)
  t.ok(sumOf(new Array(7).fill(3e9)) > 4)
})

t.test('the most generous group of a person counts', async t => {
  const groups = [1e6, 1e9].map(amount => {
    const group = new Group(1)
    for (let i = 0; i < 40; i++)
      group.addDay(
        Float64Array.from(features, (_, feature) => toScale(feature, feature === at.bytes ? amount : 1)),
        1,
        false,
        null
      )
    return group
  })
  const usual = usualOf(groups, new Group(1), 1)
  t.ok(usual.middle[at.bytes]! > 6)
  t.equal(usualOf([new Group(1)], new Group(1), 1), assumed, 'before anybody is known')
})

t.test('a long absence counts as three weeks', async t => {
  const person = lived(new Array(28).fill(1e8))
  const before = usualFor(person, assumed).middle[at.bytes]!
  person.endDay(person.day + 400, null)
  t.ok(Math.abs(usualFor(person, assumed).middle[at.bytes]! - before) < 0.5)
})

t.test('what a path says', async t => {
  const read = (path: string) => ({ ...readPath(hashText('app'), path) })
  t.equal(
    read('/a/b/c?token=0123456789abcdef').object,
    read('/a/b/c?token=fedcba9876543210').object,
    'tokens are left out'
  )
  t.not(read('/a?id=1').object, read('/a?id=2').object, 'short parameters name things')
  const poll = (time: string, path = '/chat/socket.io/') =>
    read(`${path}?EIO=4&transport=polling&t=${time}&sid=1`).object
  t.equal(poll('5zh995fu'), poll('5zh996a0'), 'the time in a poll of Socket.IO does not')
  t.not(poll('5zh995fu', '/topic'), poll('5zh996a0', '/topic'), 'elsewhere nobody may hide behind it')
  t.equal(read('/r/1001').template, read('/r/1002').template)
  t.equal(read('/r/1002').id, 1002)
  t.equal(read('/r/x').template, 0)
  t.equal(read('/projects/p1/x/1.tif').area, read('/projects/p1/y/2.tif').area)
  t.not(read('/projects/p1/x').area, read('/projects/p2/x').area)
  t.equal(read('/records/12345/a').area, read('/records/67890/a').area, 'a number is no area')
  t.equal(read('/remote.php/dav/files/p1/x/1').area, read('/api/p1/x/2').area, 'folders of the program are left out')
  for (const odd of ['', '/', '?', '/?', '//', '/%00', `/${'9'.repeat(400)}`, '/\u{1f600}/1'])
    t.ok(read(odd).object > 0, odd)
  // Records hold these numbers: with others everybody would be new everywhere.
  const { object, area, template } = read('/projects/p7/file-12.html')
  t.same([object, area, template], [1726979080, 3212909235, 2688317444])
  t.equal(read('/abcdef0123456789/1234567890123456').area, 600028972)
  t.equal(read(`/${'a'.repeat(1100)}/b/c9`).area, 53333194)
})

t.test('questions begin at the score that one day in 160 reaches, from 47 to 55', async t => {
  /** So many days of people, of which so many reach a score. */
  const groupWith = (high: number, score: number, days = 1000) => {
    const group = new Group(1)
    for (let i = 0; i < days; i++) group.addDay(new Float64Array(featureCount), 1, false, i < high ? score : 10)
    return group
  }
  t.equal(alarmingFrom(new Group(1)), thresholds.alarming, 'where nobody is known, little counts as unusual')
  const young = alarmingFrom(groupWith(0, 0, 20))
  t.equal(young, 54, 'where few are known, a place like others is assumed')
  t.ok(alarmingFrom(groupWith(0, 0, 500)) < young, 'calm days lower it little by little')
  t.equal(alarmingFrom(groupWith(0, 0, 5000)), thresholds.alarming, 'and not below that')
  t.ok(alarmingFrom(groupWith(3, 59)) < young, 'three days in a thousand are rare')
  // Of 3000 days, 30 lie between 50 and 52, and 300 are assumed. One in 160 lies above.
  const assumedAbove = (score: number) => (300 / 105) * Math.exp((50 - score) / 10)
  const expected = 52 - (2 * (3300 / 160 - assumedAbove(52))) / (30 + assumedAbove(50) - assumedAbove(52))
  t.ok(Math.abs(groupWith(30, 50.5, 3000).scoreOfOneDayIn(160) - expected) < 1e-4)
  t.equal(alarmingFrom(groupWith(30, 50.5, 3000)), 51)
  t.equal(alarmingFrom(groupWith(100, 120)), 55, 'whoever has many accounts makes nobody blind')
})

t.test('of the work of others one day counts no more than one day in four thousand is worth', async t => {
  const person = lived(new Array(20).fill(1e8))
  const usual = usualFor(person, assumed)
  person.numbers[at.objects] = 10
  person.numbers[at.foreignBytes] = 1e12
  const context = { person, track: null, usual, all: new Group(1), now: person.day * dayMs }
  // 36 points, of which 6 do not count.
  t.ok(Math.abs(scoreOf(context) - 30) < 1e-9, `${scoreOf(context)}`)
  // One more day like the first, which is known by its sum.
  person.numbers[number.sumForeignBytes] = 3.4
  t.ok(Math.abs(scoreOf(context) - 30) < 1e-9, `with a second day too: ${scoreOf(context)}`)
  // No family counts more than 45 points.
  person.numbers[number.sumForeignBytes] = 12
  t.ok(Math.abs(scoreOf(context) - 39) < 1e-9, `many days say more: ${scoreOf(context)}`)
})

t.test('changes grow with what is read on a busy day: the stronger counts in full, the other half', async t => {
  const person = lived(new Array(20).fill(1e8))
  const usual = usualFor(person, assumed)
  const context = { person, track: null, usual, all: new Group(1), now: person.day * dayMs }
  const scoreWith = (refusals: number, changes: number) => {
    person.numbers[at.refusals] = refusals
    person.numbers[at.changes] = changes
    return scoreOf(context)
  }
  const [read, written, both] = [scoreWith(300, 0), scoreWith(0, 800), scoreWith(300, 800)]
  t.ok(Math.min(read, written) > 8, `${read}, ${written}`)
  t.ok(Math.abs(both - Math.max(read, written) - Math.min(read, written) / 2) < 1e-9, `${both}`)
})

t.test('a proof answers for the sums', async t => {
  const person = lived(new Array(20).fill(1e8))
  for (const sum of [number.sumBytes, number.sumObjects, number.sumForeign, number.sumForeignBytes])
    person.numbers[sum] = 9
  person.accept(false)
  t.same(
    [number.sumBytes, number.sumObjects, number.sumForeign, number.sumForeignBytes].map(sum => person.numbers[sum]),
    [0, 0, 0, 0]
  )
})

t.test(
  'a day teaches its highest score once its person is known, and one that is not trusted teaches none',
  async t => {
    const scoreOf = (days: number, alarm: number, isLearning = false) => {
      const person = lived(new Array(days).fill(1e7))
      person.numbers[at.bytes] = 1e7
      person.numbers[number.score] = 51
      person.alarm = alarm
      const lesson = endDay(person, usualFor(person, assumed), person.day + 1, isLearning)
      return [lesson?.score, person.numbers[number.score]]
    }
    t.same(scoreOf(10, 0), [51, 0])
    t.same(scoreOf(2, 0), [null, 0])
    t.same(scoreOf(10, 0, true), [null, 0])
    t.same(scoreOf(10, 2), [undefined, 0])
  }
)
