/** Each signal: what raises it, and its sentence with its numbers. */
import t from 'tap'
import { dayMs } from '../../src/clock.ts'
import { at } from '../../src/unusual/features.ts'
import type { UsageObservation } from '../../src/unusual/observation.ts'
import type { UnusualVerdict } from '../../src/unusual/unusual.ts'
import { ask, firefox, germany, hourMs, monday, observation, usualWeeks, watch } from './fixture.ts'

const day = 28
const start = monday + day * dayMs + 9 * hourMs
const last = (verdicts: readonly UnusualVerdict[]) => verdicts.at(-1)
const signalsIn = (verdicts: readonly UnusualVerdict[]) => [
  ...new Set(verdicts.flatMap(({ signals }) => signals.map(({ id }) => id)))
]

const ofFirefox = ['User-Agent', firefox, 'Accept', '*/*', 'Accept-Language', 'de', 'Accept-Encoding', 'gzip']
const ofProgram = ['Accept-Encoding', 'gzip', 'User-Agent', firefox, 'Accept', '*/*']

const cases: readonly {
  readonly what: string
  readonly count: number
  readonly given: (i: number) => Partial<UsageObservation>
  readonly raises: readonly string[]
  readonly sentence: RegExp
}[] = [
  {
    what: 'fifty gigabytes in ten minutes, by one who fetches two megabytes a day',
    count: 600,
    given: i => ({ bytes: 80e6, path: `/projects/p1/${i % 30}x.tif` }),
    raises: ['bytes', 'peakBytes'],
    sentence: /[GM]iB left today; [\d.]+ MiB is usual for this person, and [\d.]+ MiB on a busy day\./
  },
  {
    what: 'the work of others',
    count: 600,
    given: i => ({ path: `/projects/p${10 + (i % 30)}/${i}y.tif` }),
    raises: ['foreignObjects', 'newAreas', 'newObjects', 'peakObjects'],
    sentence: /addresses in areas that neither this person nor their group works in; 1 is usual/
  },
  {
    what: 'records one after the other, many of which are not there',
    count: 800,
    given: i => ({ path: `/records/${1000 + i}`, status: i % 3 === 0 ? 404 : 200 }),
    raises: ['run', 'refusals'],
    sentence: /records one after the other by their number/
  },
  {
    what: 'a program in the place of the browser, in the same session',
    count: 600,
    given: i => (i < 50 ? {} : { userAgent: 'curl/8.9', fetchDest: undefined, path: `/projects/p1/${i}.tif` }),
    raises: ['changed', 'bare'],
    sentence: /The session went on with another client: curl\./
  },
  {
    what: 'a program under the name of the browser, in the same session',
    count: 600,
    given: i => (i < 50 ? { rawHeaders: ofFirefox } : { rawHeaders: ofProgram, path: `/projects/p1/${i}.tif` }),
    raises: ['headers'],
    sentence: /The session went on with other headers: Firefox asks in another order or language than before/
  },
  {
    what: 'files of a megabyte, one right after the other, by one who pauses between two',
    count: 200,
    given: i => ({ path: `/projects/p1/${3 * i}${'abc'[i % 3]}.tif`, bytes: 2e6 }),
    raises: ['haul'],
    sentence:
      /The longest row is \d+ files with \d+ MiB\. Files were fetched one after the other without a pause in the session of a browser\. Weighted by their size they count as \d+; \d+ is usual/
  },
  {
    what: 'a program under the name of the browser, from the first request of a session on',
    count: 100,
    given: i => ({ fetchDest: undefined, path: `/projects/p1/${i}.tif` }),
    raises: ['disguised', 'bare'],
    sentence: /The client calls itself Firefox, and sends none of the headers that it sends\./
  },
  {
    what: 'mass deletion, by one who deletes nothing',
    count: 400,
    given: i => ({ method: 'DELETE', path: `/projects/p1/${i}.tif`, status: 204, bytes: 0 }),
    raises: ['deletions', 'peakWrites', 'run'],
    sentence: /\d+ things deleted or moved away; 0 is usual for a day of this person, and \d+ on a busy one\./
  },
  {
    what: 'overwriting the work of others, by one who only reads',
    count: 400,
    given: i => ({ method: 'PUT', path: `/projects/p${10 + (i % 30)}/${i}y.tif`, status: 201, bytes: 0 }),
    raises: ['changes', 'peakWrites', 'foreignObjects'],
    sentence: /\d+ requests that change something; \d is usual/
  },
  {
    what: 'metadata that is changed in row, by WebDAV',
    count: 400,
    given: i => ({ method: 'PROPPATCH', path: `/projects/p1/${i}x.tif`, status: 207 }),
    raises: ['changes'],
    sentence: /\d+ changes and deletions within ten minutes/
  },
  {
    what: 'pages without their parts',
    count: 500,
    given: i => ({ fetchDest: 'document', path: `/projects/p9/${i}.html` }),
    raises: ['lonely'],
    sentence: /pages without the scripts, styles and images/
  },
  {
    what: 'requests as even as a program makes them',
    count: 600,
    given: i => ({ path: `/projects/p9/z${i}.tif` }),
    raises: ['regular'],
    sentence: /at intervals as even as a program's/
  }
]

for (const { what, count, given, raises, sentence } of cases)
  t.test(what, async t => {
    const unusual = watch()
    usualWeeks(unusual)
    const verdicts = ask(unusual, day, count, given)
    const found = signalsIn(verdicts)
    for (const id of raises) t.ok(found.includes(id), `${id} is among ${found}`)
    t.match(verdicts.flatMap(({ signals }) => signals.map(each => each.sentence)).join('\n'), sentence)
    t.ok(verdicts.every(({ signals }) => signals.every(each => /^[A-Z0-9].*\.$/.test(each.sentence))))
  })

t.test(
  'an app that asks by POST at one address, such as a terminal or a dashboard, is one address in areas of others',
  async t => {
    for (const method of ['POST', 'PUT']) {
      const unusual = watch()
      usualWeeks(unusual)
      ask(unusual, day, 600, () => ({ app: 'terminal', method, path: '/?', bytes: 100 }))
      const { person } = unusual.people.live('alice', start + hourMs, ['lab'])
      t.equal(person.numbers[at.foreignObjects], 1, method)
      t.equal(person.numbers[at.changes], 600, 'each of them is still a request that may change something')
      ask(unusual, day + 1, 60, () => ({ app: 'terminal', method, path: '/?', bytes: 100 }))
      t.equal(person.numbers[at.foreignObjects], 1, 'the next day counts it anew')
    }
  }
)

t.test('addresses in areas of others count once a day, however often each is asked by POST', async t => {
  const counted = (times: number) => {
    const unusual = watch()
    usualWeeks(unusual)
    ask(unusual, day, 40 * times, i => ({ method: 'POST', path: `/projects/theirs/${i % 40}.tif`, bytes: 100 }))
    return unusual.people.live('alice', start + hourMs, ['lab']).person.numbers[at.foreignObjects]!
  }
  const once = counted(1)
  t.ok(once > 0)
  for (const times of [2, 9]) t.equal(counted(times), once, `${times} times`)
})

t.test('a COPY or MOVE over what others have counts as reach, and one within one’s own areas does not', async t => {
  const foreign = (method: string, destination: (i: number) => string) => {
    const unusual = watch()
    usualWeeks(unusual)
    ask(unusual, day, 30, i => ({ method, path: `/projects/p1/${i}.tif`, destination: destination(i), bytes: 0 }))
    return unusual.people.live('alice', start + hourMs, ['lab']).person.numbers[at.foreignObjects]
  }
  for (const method of ['COPY', 'MOVE']) {
    t.equal(
      foreign(method, i => `/projects/theirs/${i}.tif`),
      30,
      method
    )
    t.equal(
      foreign(method, i => `/projects/p1/../theirs/${i}.tif`),
      30,
      `${method} that climbs`
    )
    t.equal(
      foreign(method, i => `/projects/p1/new/${i}.tif`),
      0
    )
  }
  t.equal(
    foreign('GET', () => '/projects/theirs/1.tif'),
    0,
    'what only reads has no destination'
  )
})

t.test('a known browser that asks in another way from the first request of a session on', async t => {
  const unusual = watch()
  usualWeeks(unusual)
  ask(unusual, day - 7, 30, () => ({ rawHeaders: ofFirefox }))
  const verdicts = ask(unusual, day, 600, i => ({ rawHeaders: ofProgram, path: `/projects/p1/${i}.tif` }))
  t.ok(signalsIn(verdicts).includes('headers'))
  t.match(
    verdicts.flatMap(({ signals }) => signals.map(each => each.sentence)).join(' '),
    /Firefox asks in another order or language than on other days of this person\./
  )
  t.notOk(verdicts.some(({ isShared }) => isShared))
})

t.test('the workers and scripts of a page ask in another way than the page, and are no other client', async t => {
  const chrome = [
    'User-Agent',
    firefox.replace(/Gecko.*/, 'AppleWebKit/537.36 (KHTML, like Gecko) Chrome/146.0 Safari/537.36')
  ]
  const rest = ['Accept', '*/*', 'Accept-Encoding', 'gzip', 'Accept-Language', 'de']
  const ofPage = ['sec-ch-ua-platform', '"Linux"', ...chrome, ...rest]
  const ofWorkerScript = ['Accept', '*/*', ...chrome, ...rest.slice(2)]
  const looks = (of: (i: number) => Partial<UsageObservation>) => {
    const unusual = watch()
    usualWeeks(unusual)
    return signalsIn(ask(unusual, day, 600, i => ({ userAgent: chrome[1]!, path: `/projects/p1/${i}.tif`, ...of(i) })))
  }
  const page = { rawHeaders: ofPage }
  const worker = { rawHeaders: [...chrome, ...rest], fetchDest: 'empty' }
  const script = { rawHeaders: ofWorkerScript, fetchDest: 'worker' }
  for (const [sentence, of] of [
    ['a page first', (i: number) => [page, page, worker, script, worker][i % 5]!],
    ['a worker first', (i: number) => [worker, page, script, page, worker][i % 5]!]
  ] as const)
    t.notOk(looks(of).includes('headers'), sentence)
  const translated = {
    rawHeaders: ['Accept-Language', 'ja', 'sec-ch-ua-platform', '"Linux"', ...chrome, ...rest.slice(0, 4)],
    fetchDest: 'empty'
  }
  t.notOk(looks(i => [page, translated, translated][i % 3]!).includes('headers'), 'a script that chooses the language')
  t.notOk(looks(i => [translated, page, translated][i % 3]!).includes('headers'), 'the same, first')
  const isLate = (i: number) => i >= 50
  t.ok(
    looks(i => (isLate(i) ? { ...translated, fetchDest: undefined } : page)).includes('headers'),
    'only scripts do that'
  )
  t.ok(looks(i => (isLate(i) ? { ...worker, fetchDest: undefined } : page)).includes('headers'), 'only workers do that')
  const other = { ...worker, rawHeaders: [...chrome, ...rest.slice(0, -1), 'en'] }
  t.ok(looks(i => (isLate(i) ? other : page)).includes('headers'), 'another language is another client')
  for (const fetchDest of ['worker', 'sharedworker', 'serviceworker']) {
    const program = { rawHeaders: ['Accept-Encoding', 'gzip', ...chrome, 'Accept', '*/*'], fetchDest }
    t.ok(looks(i => (isLate(i) ? program : page)).includes('headers'), `a program is no ${fetchDest}`)
  }
})

t.test('a row of records is followed also where only a sample of addresses is kept', async t => {
  const unusual = watch()
  usualWeeks(unusual)
  ask(unusual, day, 3000, i => ({ path: `/records/${1000 + i}` }))
  t.equal(unusual.people.all.get('alice')?.person.numbers[at.run], 2999)
})

t.test('there and back again between two records is no row', async t => {
  const unusual = watch()
  usualWeeks(unusual)
  ask(unusual, day, 3000, i => ({ path: `/records/${1000 + (i % 2)}` }))
  t.ok((unusual.people.all.get('alice')?.person.numbers[at.run] ?? 0) < 3)
})

t.test(
  'a laptop that has travelled overnight goes on with its session; nobody crosses a border within the hour',
  async t => {
    const pointsAfter = (hours: number) => {
      const unusual = watch({ findPlace: germany })
      usualWeeks(unusual)
      const before = { session: 'travels', sessionStartedAt: start - 20 * dayMs }
      unusual.observe(observation({ ...before, at: start - hours * hourMs }))
      const verdicts = ask(unusual, day, 300, i => ({
        ...before,
        address: '198.51.100.7',
        path: `/projects/p${10 + (i % 30)}/${i}y.tif`
      }))
      return last(verdicts)?.signals.find(({ id }) => id === 'country')?.points ?? 0
    }
    t.ok(pointsAfter(9) > 0)
    t.ok(pointsAfter(1) > pointsAfter(9) + 8)
  }
)

t.test(
  'O8 · a program goes on in the owner’s session after a proof → it is asked again after little more, also below alarming',
  async t => {
    const unusual = watch()
    usualWeeks(unusual)
    const take = (from: number, to: number) =>
      ask(unusual, day, to, i =>
        i < from
          ? { isFirst: false, bytes: 0 }
          : { userAgent: i === 0 ? firefox : 'curl/8.9', path: `/projects/p1/${i}z.tif`, bytes: 1e6 }
      )
    const first = take(0, 300).filter(({ level }) => level === 'alarming')
    t.equal(first.length, 1, 'it is asked once')
    t.ok(first.every(({ isShared }) => isShared))
    unusual.proved('alice', `s-${day}`, start + 300_000)
    t.same(
      take(300, 400).filter(({ level }) => level === 'alarming'),
      [],
      'a little more is the same'
    )
    t.ok(
      take(400, 1500).some(({ level }) => level === 'alarming'),
      'twice as much is asked about again'
    )
  }
)

t.test('the sentence of a haul has the true number of files and bytes', async t => {
  const unusual = watch()
  usualWeeks(unusual)
  const verdicts = ask(unusual, day, 40, i => ({ path: `/projects/p1/${i}${'abc'[i % 3]}.tif`, bytes: 100 * 2 ** 20 }))
  const said = verdicts.flatMap(({ signals }) => signals.filter(({ id }) => id === 'haul').map(each => each.sentence))
  t.ok(said.length > 0)
  for (const sentence of said) {
    const [, files, amount, unit] = /^The longest row is (\d+) files with ([\d.]+) (MiB|GiB)\. /.exec(sentence) ?? []
    t.ok(Math.abs(Number(files) * 100 - Number(amount) * (unit === 'GiB' ? 1024 : 1)) < 60, sentence)
  }
})

t.test('one long file counts as a row of many, in pieces, ranges or one socket', async t => {
  const piece = 16 * 2 ** 20
  const counted = (given: (i: number) => Partial<UsageObservation>) => {
    const unusual = watch()
    usualWeeks(unusual)
    const verdicts = ask(unusual, day, 1200, i => ({ path: '/projects/p1/export.zip', bytes: piece, ...given(i) }))
    const { person } = unusual.people.all.get('alice')!
    return { haul: Math.round(person.numbers[at.haul]!), levels: verdicts.map(({ level }) => level) }
  }
  const long = Math.round((1200 * piece) / 100e6)
  const pieces = counted(i => ({ isFirst: i === 0 }))
  t.equal(pieces.haul, long + 1)
  t.ok(pieces.levels.includes('alarming'), `${pieces.levels}`)
  t.equal(counted(() => ({})).haul, long + 1, 'ranges of one file')
  t.equal(counted(i => ({ isSocket: true, isFirst: i === 0 })).haul, long + 1, 'one socket')
  t.equal(counted(i => ({ isFirst: i === 0, bytes: 1e6 })).haul, 1, 'a stream at the pace of a screen is no row')
  // It fetches at a good pace after hours in which it did nothing, so the first piece begins a row.
  const late = (i: number) => (i === 0 ? {} : { at: start + 5 * hourMs + i * 1000 })
  t.equal(
    counted(i => ({ isSocket: true, isFirst: i === 0, bytes: i === 0 ? 0 : piece, ...late(i) })).haul,
    long + 1,
    'one that was opened hours before'
  )
  t.ok(
    counted(i => ({ bytes: 9e6, at: start + (i === 0 ? 0 : 20_000 + i * 1000) })).haul > 100,
    'ranges of nine megabytes, after a pause'
  )
  // A kilobyte each five seconds for an hour, and then all of it.
  const afterTrickle = (i: number) =>
    i < 720 ? { bytes: 1000, at: start + i * 5000 } : { at: start + 3_600_000 + (i - 720) * 100 }
  t.ok(counted(i => ({ isFirst: i === 0, ...afterTrickle(i) })).haul > 70, 'what trickles first hides no haul')
  const screen = (i: number) => ({ isFirst: i === 0, bytes: piece, at: start + i * 7500 })
  t.equal(counted(screen).haul, 1, 'nor is a stream that comes in bursts')
  const curl = { userAgent: 'curl/8.9', fetchDest: undefined }
  t.equal(counted(() => curl).haul, 0, 'nor is what a program fetches in a session of its own')
})

t.test('that a program asks as programs do says nothing in a session of its own', async t => {
  const signalsOf = (given: Partial<UsageObservation>) => {
    const unusual = watch()
    usualWeeks(unusual)
    const asked = (i: number) => ({ path: `/projects/p9/${i}.tif`, fetchDest: undefined, bytes: 4e6, ...given })
    return ask(unusual, day, 900, asked)
      .at(-1)!
      .signals.map(({ id }) => id)
  }
  const own = signalsOf({ userAgent: 'curl/8.9' })
  t.notOk(
    ['bare', 'regular', 'lonely'].some(id => own.includes(id)),
    own.join()
  )
  t.ok(own.includes('foreignObjects'), own.join())
})

t.test('the sockets of a browser come without its headers, and say nothing of the client', async t => {
  const unusual = watch()
  usualWeeks(unusual)
  const socket = { isSocket: true, fetchDest: undefined, path: '/live', status: 101, bytes: 0 }
  t.same(
    ask(unusual, day, 60, i => (i < 20 ? {} : socket)),
    []
  )
  t.same(unusual.doubtsOf(`s-${day}`), [])
  t.equal(unusual.people.all.get('alice')?.person.numbers[at.bare], 0)
  ask(unusual, day, 60, i => (i < 20 ? {} : { ...socket, isSocket: false }))
  t.match(unusual.doubtsOf(`s-${day}`), [{ kind: 'stopped' }], 'requests without them do')
})

t.test('an ordinary day says nothing', async t => {
  const unusual = watch()
  usualWeeks(unusual)
  t.same(
    ask(unusual, day, 30, () => ({ bytes: 90_000 })),
    []
  )
})

t.test('a session that turns up in another country, with another client, at night', async t => {
  const unusual = watch({ findPlace: germany })
  usualWeeks(unusual)
  ask(unusual, day, 20, i => ({ at: start + i * 1000, session: 'stolen' }))
  const verdicts = ask(unusual, day, 200, i => ({
    at: start + 60_000 + i * 500,
    session: 'stolen',
    address: '198.51.100.7',
    userAgent: 'python-requests/2.32',
    path: `/projects/p4/${i}.tif`
  }))
  const found = signalsIn(verdicts)
  for (const id of ['network', 'country', 'travel', 'changed', 'device'])
    t.ok(found.includes(id), `${id} is among ${found}`)
  t.match(
    verdicts.flatMap(({ signals }) => signals.map(each => each.sentence)).join(' '),
    /km in 1 minute, which nobody can travel/
  )
  t.ok(verdicts.some(({ level }) => level !== 'strange'))
})

t.test('two places at once are seen where the addresses go back and forth', async t => {
  const unusual = watch()
  usualWeeks(unusual)
  const verdicts = ask(unusual, day, 400, i => ({
    session: 'shared',
    address: i % 2 === 0 ? '10.1.2.3' : '198.51.100.7',
    path: `/projects/p4/${i}.tif`
  }))
  t.ok(signalsIn(verdicts).includes('twoPlaces'))
})

t.test('a client with two families of addresses is no second place', async t => {
  const unusual = watch()
  usualWeeks(unusual)
  const verdicts = ask(unusual, day, 400, i => ({
    session: 'dual',
    address: i % 2 === 0 ? '10.1.2.3' : '2001:db8::7',
    path: `/projects/p4/${i}.tif`
  }))
  t.notOk(signalsIn(verdicts).includes('twoPlaces'))
})

t.test('a sign-in in a new place counts half, because it showed a second factor', async t => {
  const pointsOf = (sessionStartedAt: number) => {
    const unusual = watch({ findPlace: germany })
    usualWeeks(unusual)
    const verdicts = ask(unusual, day, 300, i => ({
      session: 'new',
      sessionStartedAt,
      address: '198.51.100.7',
      path: `/projects/p4/${i}.tif`
    }))
    return last(verdicts)?.signals.find(({ id }) => id === 'country')?.points ?? 0
  }
  t.ok(pointsOf(start - 8 * hourMs) > 12)
  t.ok(pointsOf(start) < 0.6 * pointsOf(start - 8 * hourMs))
})

t.test('a fresh proof quiets what was asked about, but not what comes after', async t => {
  const unusual = watch()
  usualWeeks(unusual)
  const steal = (from: number, to: number) =>
    ask(unusual, day, to, i =>
      i < from ? { isFirst: false, bytes: 0 } : { path: `/projects/p${10 + (i % 30)}/${i}y.tif` }
    )
  const first = steal(0, 700)
  t.equal(first.filter(({ level }) => level === 'alarming').length, 1, 'it is asked once')
  unusual.proved('alice', `s-${day}`, start + 700_000)
  t.same(steal(700, 800), [], 'a little more is the same')
  t.ok(
    steal(800, 9000).some(({ level }) => level !== 'strange'),
    'far more is asked about again'
  )
})

t.test('the watch says that it still learns', async t => {
  const unusual = watch({ learnMs: () => 40 * dayMs })
  usualWeeks(unusual)
  const verdicts = ask(unusual, day, 600, i => ({ path: `/projects/p${10 + (i % 30)}/${i}y.tif` }))
  t.ok(verdicts.length > 0 && verdicts.every(({ isLearning }) => isLearning))
})

t.test('long answers count while they run, and only once as a request', async t => {
  const unusual = watch()
  usualWeeks(unusual)
  const one = observation({ at: start, session: 'long', bytes: 5e9, status: null })
  const verdicts = [unusual.observe(one)]
  for (let i = 1; i < 100; i++) verdicts.push(unusual.observe({ ...one, at: start + i * 5000, isFirst: false }))
  const found = verdicts.filter(each => each !== null)
  t.ok(found.length > 0)
  t.notOk(signalsIn(found).includes('objects'))
})

t.test('whoever goes on with a stolen session is seen by this gate’s first request of it', async t => {
  const verdictsOf = (given: Partial<UsageObservation>) => {
    const unusual = watch({ findPlace: germany })
    usualWeeks(unusual)
    return ask(unusual, day, 300, i => ({
      session: 'begun elsewhere',
      sessionStartedAt: start - 3 * hourMs,
      signedInWith: { userAgent: firefox, address: '10.1.2.3' },
      path: `/projects/p4/${i}.tif`,
      ...given
    }))
  }
  const thief = verdictsOf({ userAgent: 'python-requests/2.32', address: '198.51.100.7', fetchDest: undefined })
  for (const id of ['changed', 'country']) t.ok(signalsIn(thief).includes(id), `${id} is among ${signalsIn(thief)}`)
  t.ok(thief.every(({ isShared }) => isShared))
  const owner = verdictsOf({})
  t.notOk(signalsIn(owner).includes('changed'))
  t.notOk(owner.some(({ isShared }) => isShared))
})

t.test('a sign-in with a new laptop, from a new network, shares its session with nobody', async t => {
  const unusual = watch({ findPlace: germany })
  usualWeeks(unusual)
  const laptop = { userAgent: 'Mozilla/5.0 (Macintosh) Version/26.1 Safari/605.1.15', address: '192.0.2.4' }
  const verdicts = ask(unusual, day, 600, i => ({
    ...laptop,
    session: 'new laptop',
    sessionStartedAt: start,
    signedInWith: laptop,
    path: `/projects/p${10 + (i % 30)}/${i}y.tif`
  }))
  t.ok(signalsIn(verdicts).includes('device'))
  t.notOk(verdicts.some(({ isShared }) => isShared))
})
