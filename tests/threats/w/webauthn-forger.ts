/**
 * A person with keys, and the false claims that an authenticator or a browser may make, each over HTTP. Every scenario refuses each false
 * claim in the same words, and still accepts the honest answer.
 */
import type { Test } from 'tap'
import type { Authenticator, AuthenticatorTraits, Changes } from '../../fixtures/in-process/authenticator.ts'
import { Caller, type Fixture, type HttpReply, newKey, type Someone } from '../../fixtures/in-process/callers.ts'

export type Lies = readonly (readonly [string, Changes])[]

/** Bytes with the lowest bit of one of them changed; negative counts from the end. */
export const flip = (at: number) => (bytes: Buffer) => {
  const changed = Buffer.from(bytes)
  changed[at < 0 ? changed.length + at : at]! ^= 1
  return changed
}

export const ways = ['challenge', 'login'] as const
type Way = (typeof ways)[number]

export class Forger {
  readonly fixture: Fixture

  constructor(fixture: Fixture) {
    this.fixture = fixture
  }

  /** Somebody with a key, enrolled over HTTP. */
  async owner(traits: AuthenticatorTraits = {}): Promise<{ person: Someone; key: Authenticator }> {
    const person = await this.fixture.somebody()
    const key = newKey(this.fixture, traits)
    const answer = await (await person.signedIn()).enrol(key)
    if (answer.status !== 200) throw new Error(`the key was refused: ${answer.body}`)
    return { person, key }
  }

  /** A browser after the password, from a place that is counted apart. */
  async half(person: Someone): Promise<Caller> {
    const [address] = await person.knownAddresses(1)
    return person.halfWay(address)
  }

  /** Who begins such a ceremony: somebody half-way, or nobody yet. */
  async begun(person: Someone, way: Way): Promise<Caller> {
    return way === 'login' ? new Caller(this.fixture) : this.half(person)
  }

  /** Every lie is refused in the same words, beside the password and instead of it; then the honest answer is accepted. */
  async refusesEach(t: Test, lies: Lies, traits: AuthenticatorTraits = {}): Promise<void> {
    const { person, key } = await this.owner(traits)
    const words = { challenge: new Set<string>(), login: new Set<string>() }
    const places = await person.knownAddresses(lies.length)
    for (const way of ways) {
      const browser = await this.begun(person, way)
      for (const [i, [what, changes]] of lies.entries()) {
        const answer = await copyOf(browser, places[i]!).assert(way, key, changes)
        t.ok(isRefusal(answer), `${way}: ${what}: ${answer.status}`)
        if (answer.status === 401) words[way].add(JSON.parse(answer.body).error.message)
      }
    }
    for (const way of ways) {
      t.ok(words[way].size <= 1, `${way}: one sentence for all: ${[...words[way]].join(' | ')}`)
      t.equal((await (await this.begun(person, way)).assert(way, key)).status, 200, `${way}: the honest answer`)
    }
  }

  /** Every lie in an enrolment is refused and leaves nothing; then the honest one is accepted. */
  async enrolsNone(t: Test, lies: Lies, traits: AuthenticatorTraits = {}): Promise<void> {
    const person = await this.fixture.somebody()
    const browser = await person.signedIn()
    const again = () =>
      this.fixture.runtime.limiter.clear([{ kind: 'factor', key: `webauthn-enrol:${person.account.id}` }])
    for (const [what, changes] of lies) {
      const answer = await browser.enrol(newKey(this.fixture, traits), changes)
      t.ok(isRefusal(answer), `enrolment: ${what}: ${answer.status} ${answer.body.slice(0, 80)}`)
      await again()
    }
    t.equal((await this.fixture.runtime.credentials.list(person.account.id)).length, 1, 'nothing is kept of them')
    t.equal((await browser.enrol(newKey(this.fixture, traits))).status, 200, 'the honest enrolment')
  }
}

/** A refusal in our words: never a success, never a mistake of the gate's. */
export function isRefusal({ status, body }: HttpReply): boolean {
  return [400, 401, 403, 413].includes(status) && /"error":\{"code":"\w+"/.test(body)
}

/** The same browser as far as its cookies go, from elsewhere. */
export function copyOf(caller: Caller, address: string): Caller {
  const copy = new Caller(caller.fixture, address)
  for (const [name, value] of caller.jar()) copy.jar().set(name, value)
  return copy
}
