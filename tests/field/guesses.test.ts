/** FIELD A8 and "Guessing, in numbers": how many guesses strangers have at a password, and that they keep nobody out. */
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import t from 'tap'
import { newToken } from '../../src/ids.ts'
import type { Origin } from '../../src/throttle/attempt-buckets.ts'
import { cases } from '../fixtures/in-process/cases.ts'
import { fixture, rightPassword } from '../fixtures/in-process/passwords.ts'
import { readsTypeScript } from '../fixtures/process/program.ts'
import { day, limited, v4, waitOf } from './attackers.ts'

interface NewPlace {
  readonly checked: number
  readonly waits: readonly number[]
  readonly mistakes: number
}

// The numbers are for thirty days; `npm run test:deep` goes on for longer.
t.test('FIELD A8 guessing, in numbers: a thousand addresses, 200 people, for many days', async t => {
  const program = fileURLToPath(new URL('attackers.ts', import.meta.url))
  const { NODE_OPTIONS: _, ...env } = process.env
  const { stdout } = await promisify(execFile)(process.execPath, [readsTypeScript, program], { env })
  const said = JSON.parse(stdout) as {
    thousand: NewPlace
    overMany: number
    botnet: number
    newPlaces: Record<string, NewPlace>
  }
  const { checked } = said.thousand
  t.comment(`measured: 1,000 addresses at one password in ${cases(30)} days: ${checked} guesses`)
  t.ok(checked <= 12_000, 'an order of magnitude less than 170,000')
  t.ok(checked >= 4000, 'each address has its four free tries, whatever the others do')
  const each = said.overMany / 200
  t.comment(`measured: one address over 200 people in ${cases(30)} days: ${each.toFixed(1)} guesses at each`)
  t.ok(each <= 20, 'over many people, a thousand addresses have no order more')
  t.comment(`measured: 4,000 addresses at one password in half an hour: ${said.botnet} guesses`)
  t.ok(said.botnet <= 10_000 + 30, 'however many addresses there are, there is an end')
  for (const [name, { waits, mistakes }] of Object.entries({ '1,000 addresses': said.thousand, ...said.newPlaces })) {
    t.ok(
      waits.every(wait => wait <= 30),
      `${name}: the owner waits ${waits} s at a new place`
    )
    t.ok(mistakes >= 4, `${name}: three mistakes there cost nothing`)
  }
})

t.test('FIELD A8 new addresses every hour for three days keep nobody out either', async t => {
  const all = limited()
  for (let hour = 0; hour < cases(72); hour++) {
    for (let n = 0; n < 30; n++)
      for (let i = 0; i < 4; i++) await all.reserve('A1', { address: v4(hour * 300 + n * 9) })
    t.equal(await waitOf(all, 'A1', { address: `203.0.113.${hour + 1}` }), 0)
    all.time.advance(3600)
  }
})

t.test('FIELD A8 whoever shares a network with the attacker', async t => {
  const all = limited()
  const { guesses, reserve, time } = all
  const shared = '192.0.2.50'
  const browser = newToken()
  await guesses.remember('A1', { address: '203.0.113.1', browser })
  for (let minute = 0; minute < 600; minute++) {
    for (let person = 0; person < 5; person++) await reserve(`A${person}`, { address: shared })
    time.advance(60)
  }
  t.equal(await waitOf(all, 'A1', { address: shared, browser }), 0, 'with a browser that is known')
  t.equal(await waitOf(all, 'A1', { address: '203.0.113.1' }), 0, 'from a network that is known')
  t.equal(await waitOf(all, 'A1', { address: '198.51.100.1' }), 0, 'from another network')
  t.ok(
    (await waitOf(all, 'A7', { address: shared })) <= 300,
    'from that very address, for somebody who is not attacked'
  )
})

t.test('FIELD A8 an IPv6 flood is counted by /64, /56, /48 and provider, and each costs its own place', async t => {
  const tries = async (addressOf: (n: number) => string, count = Math.max(cases(3000), 1100)) => {
    const all = limited()
    let checked = 0
    for (let n = 0; n < count; n++)
      if ((await all.reserve(`A${n}`, { address: addressOf(n) })).kind === 'allowed') checked++
    return { all, checked }
  }
  const hex = (n: number) => n.toString(16)
  const rows: [string, (n: number) => string, number, string][] = [
    ['one /64', n => `2001:db8:1:1::${hex(n)}`, 21, '2001:db8:1:200::1'],
    ['the /64 of a /56', n => `2001:db8:1:1${hex(n % 256).padStart(2, '0')}::1`, 31, '2001:db8:1:200::1'],
    ['the /56 of a /48', n => `2001:db8:1:${hex(n % 65_536)}::1`, 41, '2001:db8:2::1'],
    ['the /48 of a provider', n => `2001:db8:${hex(n)}::1`, 1025, '2001:db9::1'],
    ['an IPv4 address', () => '192.0.2.1', 21, '192.0.2.2'],
    ['the addresses of an IPv4 /24', n => `192.0.2.${n % 256}`, 1025, '192.0.3.1']
  ]
  for (const [name, addressOf, most, elsewhere] of rows) {
    const { all, checked } = await tries(addressOf)
    t.equal(checked, most, name)
    t.equal(await waitOf(all, 'B1', { address: elsewhere }), 0, `${name}: next to it nobody waits`)
  }
})

t.test('FIELD A9 a hundred wrong passwords in a row from a known place, and it is known no more', async t => {
  const all = fixture()
  const account = await all.enter('alice')
  const browser = newToken()
  const wrong = (origin: Origin) => all.login.attempt({ name: 'alice', password: 'wrong password', ...origin })
  await all.login.completed(account, { address: '192.0.2.1', browser }, false)
  let checked = 0
  while (checked < 99) {
    if ((await wrong({ address: '203.0.113.9', browser })).kind === 'refused') checked++
    else all.time.advance(300)
  }
  all.time.advance(300)
  const right = await all.login.attempt({ name: 'alice', password: rightPassword, address: '203.0.113.9', browser })
  t.equal(right.kind, 'accepted', 'after 99 the right one is accepted')
  await all.login.completed(account, { address: '203.0.113.9', browser }, true)
  for (checked = 0; checked < 100; ) {
    if ((await wrong({ address: '203.0.113.9', browser })).kind === 'refused') checked++
    else all.time.advance(300)
  }
  const places: string[] = []
  for await (const { key } of all.store.scan('known:')) places.push(key)
  t.equal(places.length, 2, 'of the browser and two networks, the browser is forgotten')
  t.notMatch(places.join(), /browser/)
  const strange = await all.login.attempt({ name: 'alice', password: rightPassword, address: '198.51.100.1', browser })
  t.equal(strange.kind, 'accepted', 'and its owner gets in as any stranger does')
})

t.test('FIELD A8 what somebody mistyped before they got in is held against nobody at their address', async t => {
  const all = limited()
  const { reserve, guesses, limiter } = all
  for (let n = 0; n < 200; n++) {
    const origin = { address: '192.0.2.9' }
    for (let i = 0; i < 3; i++) t.equal((await reserve(`A${n}`, origin)).kind, 'allowed')
    await limiter.clear(await guesses.buckets({ what: 'password', accountId: `A${n}`, ...origin }))
  }
})

t.test('FIELD A9 a lock that a fast clock set ends as early as it would have', async t => {
  for (const ahead of [3600, 10 * day]) {
    const all = limited()
    all.time.advance(ahead)
    for (let i = 0; i < 9; i++)
      if ((await all.reserve('A1', { address: '192.0.2.1' })).kind === 'throttled') all.time.advance(16)
    all.time.advance(-ahead)
    const first = await all.reserve('A1', { address: '192.0.2.1' })
    t.ok(first.kind === 'throttled' && first.retryAfterSeconds <= 32, 'as long as it was')
    all.time.advance(32)
    t.equal((await all.reserve('A1', { address: '192.0.2.1' })).kind, 'allowed', 'and then it is over')
  }
})
