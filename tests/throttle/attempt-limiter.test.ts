/**
 * The limiter: attempts are counted before the check, in parallel and over all gates; waits grow and end; nobody far away locks anybody
 * out.
 */
import t from 'tap'
import { newToken } from '../../src/ids.ts'
import { openStore } from '../../src/store/open.ts'
import { AttemptBuckets, type Origin } from '../../src/throttle/attempt-buckets.ts'
import { AttemptLimiter, type Bucket, network, site } from '../../src/throttle/attempt-limiter.ts'
import { MemoryStore, TestClock } from '../fixtures/in-process/memory-store.ts'
import { startRedis } from '../fixtures/process/redis-server.ts'

const account: Bucket = { kind: 'account', key: 'password:alice' }
const address: Bucket = { kind: 'address', key: '192.0.2.1' }

function limited() {
  const time = new TestClock()
  const store = new MemoryStore(time.read)
  return { time, store, limiter: new AttemptLimiter({ store, clock: time.read }), guesses: new AttemptBuckets(store) }
}

/** Fails once, after the wait that is due. Answers the seconds waited. */
async function failOnce({ time, limiter }: ReturnType<typeof limited>, bucket: Bucket): Promise<number> {
  for (let waited = 0; ; ) {
    const reservation = await limiter.reserve([bucket])
    if (reservation.kind === 'allowed') return waited
    waited += reservation.retryAfterSeconds
    time.advance(reservation.retryAfterSeconds)
  }
}

t.test('the first three failures cost no waiting, then each doubles it, up to five minutes', async t => {
  for (const kind of ['account', 'factor'] as const) {
    const all = limited()
    const waits: number[] = []
    for (let i = 0; i < 16; i++) waits.push(await failOnce(all, { kind, key: 'alice' }))
    t.same(waits, [0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300], kind)
  }
})

t.test('an address has twenty free failures, and is forgiven one in five minutes', async t => {
  const all = limited()
  for (let i = 0; i < 21; i++) t.equal(await failOnce(all, address), 0)
  t.equal(await failOnce(all, address), 1)
  all.time.advance(2 * 3600)
  for (let i = 0; i < 21; i++) t.equal(await failOnce(all, address), 0, 'two hours later it is as good as new')
})

t.test('M12: of a hundred guesses at once no more are checked than one after the other', async t => {
  const { limiter } = limited()
  const outcomes = await Promise.all(Array.from({ length: 100 }, () => limiter.reserve([account])))
  t.equal(outcomes.filter(({ kind }) => kind === 'allowed').length, 4)
  const many = await Promise.all(
    Array.from({ length: 100 }, (_, i) => limiter.reserve([account, { kind: 'address', key: `198.51.100.${i}` }]))
  )
  t.equal(many.filter(({ kind }) => kind === 'allowed').length, 0, 'from a hundred addresses neither')
})

t.test('M12: at the limit, one of a hundred is checked', async t => {
  const all = limited()
  for (let i = 0; i < 8; i++) await failOnce(all, account)
  all.time.advance(300)
  const outcomes = await Promise.all(Array.from({ length: 100 }, () => all.limiter.reserve([account])))
  t.equal(outcomes.filter(({ kind }) => kind === 'allowed').length, 1)
})

t.test('a throttled attempt is not counted: the wait does not grow while one waits', async t => {
  const all = limited()
  for (let i = 0; i < 6; i++) await failOnce(all, account)
  for (let i = 0; i < 50; i++)
    t.match(await all.limiter.reserve([account]), { kind: 'throttled', retryAfterSeconds: 4 })
  all.time.advance(4)
  t.match(await all.limiter.reserve([account]), { kind: 'allowed', failures: 6 })
})

t.test('what one bucket refuses is not held against the others', async t => {
  const all = limited()
  for (let i = 0; i < 5; i++) await failOnce(all, account)
  for (let i = 0; i < 40; i++) t.equal((await all.limiter.reserve([address, account])).kind, 'throttled')
  t.equal((await all.limiter.reserve([address])).kind, 'allowed')
})

t.test('success begins anew for account and factor, and gives an address its one attempt back', async t => {
  const all = limited()
  for (let i = 0; i < 4; i++) await all.limiter.reserve([account, address])
  all.time.advance(1)
  const right = await all.limiter.reserve([account, address])
  t.equal(right.kind, 'allowed')
  if (right.kind === 'allowed') await right.succeeded()
  for (let i = 0; i < 4; i++) t.equal(await failOnce(all, account), 0)
  const { failures } = JSON.parse((await all.store.get('attempts:address:192.0.2.1'))!)
  t.ok(failures > 3.9 && failures <= 4, 'the four failures still stand')
})

t.test('M11: an attacker who signs in to an account of their own gains no guesses at others', async t => {
  const all = limited()
  for (let i = 0; i < 30; i++) await failOnce(all, address)
  const before = JSON.parse((await all.store.get('attempts:address:192.0.2.1'))!).failures
  for (let i = 0; i < 5; i++) {
    all.time.advance(300)
    const own = await all.limiter.reserve([{ kind: 'account', key: 'mallory' }, address])
    if (own.kind === 'allowed') await own.succeeded()
  }
  const after = JSON.parse((await all.store.get('attempts:address:192.0.2.1'))!).failures
  t.ok(after >= before - 6, 'only time forgave')
  t.ok(after > 0)
})

t.test('an attempt that was not checked is given back with its wait', async t => {
  const all = limited()
  for (let i = 0; i < 3; i++) await all.limiter.reserve([account])
  for (let i = 0; i < 10; i++) {
    const busy = await all.limiter.reserve([account, address])
    t.equal(busy.kind, 'allowed')
    if (busy.kind === 'allowed') await busy.released()
  }
})

t.test('a bucket is forgotten after a day without attempts', async t => {
  const all = limited()
  for (let i = 0; i < 12; i++) await failOnce(all, account)
  all.time.advance(24 * 3600 + 1)
  t.match(await all.limiter.reserve([account]), { kind: 'allowed', failures: 0 })
})

t.test('D2: without the store there is no guess', async t => {
  const { limiter, store } = limited()
  store.isDown = true
  await t.rejects(limiter.reserve([account]), { name: 'StoreUnreachable' })
})

t.test('D17: a clock that is put back makes no wait longer than the longest', async t => {
  const all = limited()
  for (let i = 0; i < 20; i++) await failOnce(all, account)
  all.time.advance(-3600)
  const reservation = await all.limiter.reserve([account])
  t.ok(reservation.kind === 'throttled' && reservation.retryAfterSeconds <= 300)
})

t.test('D17: nobody waits after it who did not before', async t => {
  const all = limited()
  for (const kind of ['address', 'known_network'] as const) {
    const right = await all.limiter.reserve([{ kind, key: '192.0.2.1' }])
    if (right.kind === 'allowed') await right.succeeded()
    await all.limiter.reserve([{ kind, key: '192.0.2.1' }])
    all.time.advance(-3600)
    t.equal((await all.limiter.reserve([{ kind, key: '192.0.2.1' }])).kind, 'allowed', kind)
  }
})

t.test('D3: a record that cannot be read is neither an amnesty nor a lock', async t => {
  for (const record of ['', 'null', '[]', '{"failures":"3","at":1,"until":1}', '{"failures":-1,"at":0,"until":0}']) {
    const all = limited()
    await all.store.put('attempts:account:password:alice', record)
    t.equal(await failOnce(all, account), 0, record)
    t.equal(await failOnce(all, account), 1, 'the free tries are used up')
  }
})

t.test('who shares a bucket with whom', async t => {
  const rows: [string, string, string][] = [
    ['one IPv4 address', '192.0.2.1', '192.0.2.1'],
    ['IPv4 inside IPv6', '::ffff:192.0.2.1', '192.0.2.1'],
    ['an IPv6 household', '2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['the same household, another way', '2001:DB8:1:2::1', '2001:db8:1:2::/64'],
    ['its neighbour', '2001:db8:1:3::1', '2001:db8:1:3::/64'],
    ['loopback', '::1', '0:0:0:0::/64'],
    ['with a zone', 'fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['nothing readable', 'unix', 'unknown'],
    ['an attack on the key', 'x'.repeat(100_000), 'unknown']
  ]
  for (const [name, from, expected] of rows) t.equal(network(from), expected, name)
})

t.test('M17: a known address has a bucket of its own, apart from all strangers', async t => {
  const all = limited()
  const { guesses, limiter } = all
  const from = (address: string) => guesses.buckets({ what: 'password', accountId: 'A1', address })
  await guesses.remember('A1', { address: '192.0.2.7' })
  for (let i = 0; i < 200; i++) await limiter.reserve(await from('203.0.113.250'))
  t.equal((await limiter.reserve(await from('203.0.113.250'))).kind, 'throttled', 'the stranger waits')
  t.equal((await limiter.reserve(await from('203.0.113.251'))).kind, 'allowed', 'another one does not')
  t.equal((await limiter.reserve(await from('192.0.2.7'))).kind, 'allowed', 'a friend does not')
  for (let i = 0; i < 10; i++) await limiter.reserve(await from('192.0.2.7'))
  t.equal(
    (await limiter.reserve(await from('192.0.2.7'))).kind,
    'throttled',
    'but even a friend has only so many guesses'
  )
  t.not(await guesses.isKnown('A2', { address: '192.0.2.7' }), true, 'known to one account is not known to another')
  all.time.advance(30 * 24 * 3600)
  t.not(await guesses.isKnown('A1', { address: '192.0.2.7' }), true, 'after thirty days it is forgotten')
})

/**
 * One attempt of each, then one client that tries every second and one that obeys every Retry-After. Answers the seconds until the latter
 * is checked.
 */
async function waitOf(all: ReturnType<typeof limited>, attackers: readonly string[], person: Origin): Promise<number> {
  const { guesses, limiter, time } = all
  const from = async (origin: Origin) =>
    limiter.reserve(await guesses.buckets({ ...origin, what: 'password', accountId: 'A1' }))
  let due = 0
  for (let second = 0; ; second++) {
    for (const address of attackers) await from({ address })
    if (second >= due) {
      const answer = await from(person)
      if (answer.kind === 'allowed') {
        await answer.succeeded()
        return second
      }
      due = second + answer.retryAfterSeconds
    }
    if (second > 3600) return Number.POSITIVE_INFINITY
    time.advance(1)
    for (const address of attackers) await from({ address })
  }
}

t.test('M17: whoever never stops at one address holds up nobody at another', async t => {
  const all = limited()
  const { guesses, limiter, time } = all
  const guess = async (address: string) =>
    limiter.reserve(await guesses.buckets({ what: 'password', accountId: 'A1', address }))
  let checked = 0
  for (let second = 0; second < 6 * 3600; second++) {
    if ((await guess('198.51.100.20')).kind === 'allowed') checked++
    time.advance(1)
  }
  t.ok(checked < 24, `of six hours of guesses, ${checked} were checked`)
  for (let i = 1; i <= 20; i++)
    t.equal(await waitOf(all, ['198.51.100.20'], { address: `203.0.113.${i}` }), 0, 'from a new address, at once')
})

t.test('M17: an IPv6 site with all its networks is one stranger', async t => {
  const all = limited()
  const networks = Array.from({ length: 200 }, (_, i) => `2001:db8:1:${i.toString(16)}::1`)
  t.equal(await waitOf(all, networks, { address: '203.0.113.1' }), 0)
  t.equal(site('2001:db8:1:2:3:4:5:6'), '2001:db8:1::/48')
  t.equal(site('::ffff:192.0.2.1'), '192.0.2.1')
})

t.test('M17: of fifty addresses that guess codes together, few are checked', async t => {
  const all = limited()
  const bots = Array.from({ length: 50 }, (_, i) => `198.51.100.${i}`)
  const { guesses, limiter, time } = all
  const guess = async (address: string) =>
    limiter.reserve(await guesses.buckets({ what: 'totp', accountId: 'A1', address }))
  let checked = 0
  for (let minute = 0; minute < 9 * 60; minute++) {
    for (const bot of bots) if ((await guess(bot)).kind === 'allowed') checked++
    time.advance(60)
  }
  t.ok(checked < 50 * 24, `${checked} codes of ${50 * 9 * 60} were checked`)
})

t.test('M17: a known browser has a bucket of its own, wherever it is', async t => {
  const all = limited()
  const { guesses, limiter } = all
  const browser = newToken()
  await guesses.remember('A1', { address: '192.0.2.7', browser })
  const from = (origin: Origin) => guesses.buckets({ what: 'totp', accountId: 'A1', ...origin })
  for (let i = 0; i < 200; i++) await limiter.reserve(await from({ address: `203.0.113.${i}` }))
  t.equal((await limiter.reserve(await from({ address: '203.0.113.250' }))).kind, 'throttled', 'a stranger waits')
  t.equal((await limiter.reserve(await from({ address: '203.0.113.250', browser }))).kind, 'allowed')
  for (let i = 0; i < 9; i++) await limiter.reserve(await from({ address: '192.0.2.7' }))
  t.equal((await limiter.reserve(await from({ address: '192.0.2.7' }))).kind, 'throttled', 'neighbours wait')
  t.equal((await limiter.reserve(await from({ address: '192.0.2.7', browser }))).kind, 'allowed', 'the person does not')
  const seen: string[] = []
  for (let i = 0; i < 9; i++)
    seen.push((await limiter.reserve(await from({ address: `203.0.113.${i}`, browser }))).kind)
  t.match(seen, ['allowed', 'allowed', 'throttled', 'throttled'], 'but it has only so many guesses, over all addresses')
  t.notOk(await guesses.isKnown('A2', { address: '203.0.113.1', browser }), 'known to one account')
  for (const mark of ['', 'x', 'A'.repeat(43), `${browser}x`])
    t.notOk(await guesses.isKnown('A1', { address: '203.0.113.1', browser: mark }), 'a mark is not to be guessed')
  t.notMatch(await all.store.dump(), browser, 'nor to be read in the store')
  await guesses.removeAll('A1')
  t.notOk(await guesses.isKnown('A1', { address: '203.0.113.1', browser }))
})

const lab = '192.0.2.7'

t.test(
  'M17: who sprays all accounts that a network is known for is stopped, and known browsers there are not',
  async t => {
    const all = limited()
    const { guesses, limiter, time } = all
    const people = Array.from({ length: 1000 }, (_, i) => `A${i}`)
    const browser = newToken()
    for (const accountId of people) await guesses.remember(accountId, { address: lab })
    await guesses.remember('A7', { address: lab, browser })
    const guess = async (accountId: string, origin: Origin = { address: lab }) =>
      (await limiter.reserve(await guesses.buckets({ what: 'password', accountId, ...origin }))).kind
    let checked = 0
    for (const accountId of people) if ((await guess(accountId)) === 'allowed') checked++
    t.equal(checked, 201, 'in one round over a thousand accounts')
    // As fast as possible, for an hour.
    for (let i = 0; i < 3600; i++) {
      if ((await guess(people[i % people.length]!)) === 'allowed') checked++
      time.advance(1)
    }
    t.ok(checked < 400, `after an hour ${checked} were checked`)
    t.equal(await guess('A7', { address: lab, browser }), 'allowed', 'a browser that is known gets in')
    t.equal(await guess('A7', { address: '203.0.113.4', browser }), 'allowed')
    t.equal(await guess('A8', { address: '203.0.113.4' }), 'allowed', 'from elsewhere nobody is held up')
    for (let i = 0; i < 60 && (await guess('A8')) !== 'allowed'; i++) time.advance(1)
    t.equal(await guess('A9'), 'throttled', 'who has none waits for a turn of less than a minute')
  }
)

t.test('a morning at one address: thousands who are right, and a hundred who mistype', async t => {
  const { guesses, limiter, time } = limited()
  const people = Array.from({ length: 3000 }, (_, i) => `A${i}`)
  const under = async (accountId: string, what: 'password' | 'totp') =>
    limiter.reserve(await guesses.buckets({ what, accountId, address: lab }))
  const halfWay: (() => Promise<void>)[] = []
  for (const [i, accountId] of people.entries()) {
    await guesses.remember(accountId, { address: lab })
    if (i % 30 === 0) t.equal((await under(accountId, 'password')).kind, 'allowed')
    const password = await under(accountId, 'password')
    const code = await under(accountId, 'totp')
    if (password.kind !== 'allowed' || code.kind !== 'allowed') return t.fail(`number ${i} has to wait`)
    await code.succeeded()
    halfWay.push(password.succeeded)
    // Fifty people are between password and code at any time.
    if (halfWay.length > 50) await halfWay.shift()!()
    if (i % 2 === 0) time.advance(1)
  }
})

t.test('M12: the neighbours’ count is one, on either store and for several gates', async t => {
  const redis = await startRedis(t)
  for (const url of [`embedded:${t.testdir()}`, redis.url]) {
    const { read: clock } = new TestClock()
    const store = await openStore(url)
    t.teardown(() => store.close())
    const other = url === redis.url ? await openStore(url) : store
    if (other !== store) t.teardown(() => other.close())
    const gates = [store, other].map(one => new AttemptLimiter({ store: one, clock }))
    const guesses = new AttemptBuckets(store)
    const people = Array.from({ length: 60 }, (_, i) => `A${i}`)
    for (const accountId of people) await guesses.remember(accountId, { address: lab })
    // The count after 196 failures.
    await store.put(`attempts:neighbours:${lab}`, JSON.stringify({ failures: 196, at: clock(), until: 0 }))
    const answers = await Promise.all(
      people.map(async (accountId, i) =>
        gates[i % 2]!.reserve(await guesses.buckets({ what: 'password', accountId, address: lab }))
      )
    )
    t.equal(answers.filter(({ kind }) => kind === 'allowed').length, 5, `${url.split(':')[0]}: of sixty at once`)
  }
})

t.test('addresses that cannot be read are never known', async t => {
  const { guesses, store } = limited()
  await guesses.remember('A1', { address: 'unix' })
  t.notOk(await guesses.isKnown('A1', { address: 'unix' }))
  await guesses.remember('A1', { address: '192.0.2.7' })
  await guesses.removeAll('A1')
  t.notOk(await guesses.isKnown('A1', { address: '192.0.2.7' }))
  t.equal(await store.dump(), '')
})

t.test('metrics hear of each refused attempt, with the limit that makes it wait longest', async t => {
  const clock = new TestClock()
  const heard: string[] = []
  const limiter = new AttemptLimiter({
    store: new MemoryStore(clock.read),
    clock: clock.read,
    onThrottled: kind => void heard.push(kind)
  })
  const bucket = { kind: 'account', key: 'ada' } as const
  const address = { kind: 'address', key: '198.51.100.7' } as const
  let allowed = 0
  while ((await limiter.reserve([bucket])).kind === 'allowed' && allowed < 100) allowed++
  t.ok(allowed > 0 && allowed < 100)
  t.same(heard, ['account'])
  t.equal((await limiter.reserve([address, bucket])).kind, 'throttled')
  t.same(heard, ['account', 'account'], 'not the address, which has failed nothing')
  await limiter.reserve([address])
  t.equal(heard.length, 2, 'an attempt that is allowed is none')
})
