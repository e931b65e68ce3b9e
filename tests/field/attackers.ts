/**
 * Attackers who guess at passwords for days, with the gate's own limiter and buckets and a test clock. As a separate program it prints the
 * results of some attacks as JSON, since a test runner that watches every promise would take minutes.
 */
import { fileURLToPath } from 'node:url'
import { AttemptBuckets, type Origin } from '../../src/throttle/attempt-buckets.ts'
import { AttemptLimiter } from '../../src/throttle/attempt-limiter.ts'
import { cases } from '../fixtures/in-process/cases.ts'
import { TestClock } from '../fixtures/in-process/memory-store.ts'
import { QuickStore } from '../fixtures/in-process/quick-store.ts'

export const day = 24 * 3600

export function limited() {
  const time = new TestClock()
  const store = new QuickStore(time.read)
  const limiter = new AttemptLimiter({ store: store.asStore(), clock: time.read })
  const guesses = new AttemptBuckets(store.asStore())
  const reserve = async (accountId: string, origin: Origin) =>
    limiter.reserve(await guesses.buckets({ what: 'password', accountId, ...origin }))
  return { time, store, limiter, guesses, reserve }
}

export const v4 = (n: number) => `${11 + (n >> 16)}.${(n >> 8) & 255}.${n & 255}.7`

/**
 * The patient attacker: each address tries the people in turn, each as soon as it may, for so many days. Answers how many guesses were checked. An
 * address that is told to wait for two people one after the other waits itself: nothing is gained by asking before.
 */
async function attack(input: { addresses: readonly string[]; people: readonly string[]; days: number }) {
  const all = limited()
  const { time, reserve } = all
  const end = time.now + input.days * day * 1000
  const attackers = input.addresses.map(address => ({ address, at: time.now, due: input.people.map(() => time.now) }))
  let checked = 0
  for (;;) {
    const at = attackers.reduce((least, attacker) => Math.min(least, attacker.at), Number.POSITIVE_INFINITY)
    if (at >= end) break
    time.now = Math.max(time.now, at)
    for (const attacker of attackers) {
      if (attacker.at > time.now) continue
      let throttled = 0
      for (const [i, person] of input.people.entries()) {
        if ((attacker.due[i] as number) > time.now) continue
        const answer = await reserve(person, { address: attacker.address })
        if (answer.kind === 'allowed') {
          checked++
          throttled = 0
          attacker.due[i] = time.now + 1000
          continue
        }
        attacker.due[i] = time.now + answer.retryAfterSeconds * 1000
        if (++throttled === 2) break
      }
      // Whoever attacks many looks every five minutes: one more failure of an address is forgiven then.
      const next = Math.min(...attacker.due)
      attacker.at = input.people.length === 1 ? next : Math.max(next, time.now + 300_000)
    }
  }
  time.now = Math.max(time.now, end)
  return { checked, all }
}

/** The owner, who obeys `Retry-After`: seconds until the right password is checked. */
export async function waitOf({ reserve, time }: ReturnType<typeof limited>, accountId: string, origin: Origin) {
  const before = time.now
  for (;;) {
    const answer = await reserve(accountId, origin)
    if (answer.kind === 'allowed') {
      await answer.released()
      const waited = (time.now - before) / 1000
      time.now = before
      return waited
    }
    time.advance(answer.retryAfterSeconds)
  }
}

/** Seconds until somebody is checked who comes from a place that nobody has used, after an attack by these; and what they may mistype. */
async function newPlace(addresses: readonly string[], days: number) {
  const { all, checked } = await attack({ addresses, people: ['A1'], days })
  const waits: number[] = []
  for (const address of ['203.0.113.9', '2a00:1450:4001:81b::200e', '192.0.2.200'])
    waits.push(await waitOf(all, 'A1', { address }))
  let mistakes = 0
  while (mistakes < 10 && (await all.reserve('A1', { address: '203.0.113.77' })).kind === 'allowed') mistakes++
  return { checked, waits, mistakes }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const some = <Item>(length: number, make: (n: number) => Item) => Array.from({ length }, (_, n) => make(n))
  const hex = (n: number) => n.toString(16)
  const said = {
    thousand: await newPlace(
      some(1000, n => v4(n * 7)),
      cases(30)
    ),
    // One address stands for all: what it has at 200 people does not depend on the others, until these are under attack.
    overMany: (await attack({ addresses: [v4(0)], people: some(200, n => `A${n}`), days: cases(30) })).checked,
    botnet: (await attack({ addresses: some(4000, n => v4(n * 5)), people: ['A1'], days: 0.02 })).checked,
    newPlaces: {
      '300 addresses': await newPlace(
        some(300, n => v4(n * 3)),
        1
      ),
      '300 addresses close together': await newPlace(
        some(300, n => `198.51.${n >> 8}.${n & 255}`),
        0.2
      ),
      '500 IPv6 /64 of one site': await newPlace(
        some(500, n => `2001:db8:1:${hex(n)}::1`),
        0.02
      ),
      '500 IPv6 /48 of one provider': await newPlace(
        some(500, n => `2001:db8:${hex(n)}::1`),
        0.02
      )
    }
  }
  process.stdout.write(JSON.stringify(said))
}
