/**
 * The first step of a sign-in: a name, a password, where from. Owns what is counted and what is told; refuses to let a stranger learn
 * whether a name exists, is suspended, or has a second factor: all of that reads and takes like a wrong password (ASVS 6.3.8).
 */
import type { Clock } from '../../clock.ts'
import type { Store } from '../../store/store.ts'
import { AttemptBuckets, type Origin } from '../../throttle/attempt-buckets.ts'
import { type AttemptLimiter, isShared } from '../../throttle/attempt-limiter.ts'
import { type Account, canonicalName } from '../account.ts'
import type { Accounts } from '../accounts.ts'
import { canonicalAddress } from '../addresses.ts'
import type { Directory, DirectoryAnswer } from '../directory.ts'
import type { HashPlace } from './hash-queue.ts'

export type LoginAttempt =
  | { readonly kind: 'accepted'; readonly account: Account }
  /** `waitSeconds`: how long nothing more is checked after this one. */
  | { readonly kind: 'refused'; readonly waitSeconds?: number }
  | { readonly kind: 'throttled'; readonly retryAfterSeconds: number }
  | { readonly kind: 'busy' }

export class PasswordLogin {
  readonly #accounts: Accounts
  readonly #directories: readonly Directory[]
  readonly #limiter: AttemptLimiter
  readonly #guesses: AttemptBuckets

  constructor(input: {
    store: Store
    clock: Clock
    accounts: Accounts
    directories: readonly Directory[]
    limiter: AttemptLimiter
  }) {
    this.#accounts = input.accounts
    this.#directories = input.directories
    this.#limiter = input.limiter
    this.#guesses = new AttemptBuckets(input.store)
  }

  /** Rejects where the store or a directory cannot be reached: then nothing was checked, or nothing is believed. */
  async attempt(input: Origin & { name: string; password: string }): Promise<LoginAttempt> {
    const { name, password } = input
    const named = await this.#accounts.bySignIn(name)
    const standing = await this.#guesses.standing({
      ...input,
      what: 'password',
      accountId: named?.id ?? null,
      // Of what is no name at all, the spellings share a bucket too.
      name:
        canonicalAddress(name) ??
        canonicalName(name) ??
        `? ${name.slice(0, 256).trim().normalize('NFKC').toLowerCase()}`
    })
    const from: HashPlace = { from: standing.from, address: input.address }
    // Said before anything is counted: what cannot be checked leaves nothing in the store.
    if (this.#isFullFor(from)) return { kind: 'busy' }
    const reservation = await this.#limiter.reserve(standing.buckets)
    if (reservation.kind === 'throttled') return reservation
    const { place } = standing
    const known = named === null || place === null ? null : await this.#guesses.trying(named.id, place)
    // Directories know people by their names; an address is an alias of the gate's.
    const answer = await this.#ask(named?.name ?? name, password, from)
    if (answer.kind === 'busy') {
      await Promise.all([reservation.released(), known?.unchecked()])
      return answer
    }
    if (answer.account === null) await known?.wrong()
    // Nothing is reset here: a right password alone must not buy new guesses (THREATS M11). `completed` does that.
    return answer.account === null || answer.account.suspended !== null
      ? { kind: 'refused', ...(await reservation.wait?.()) }
      : { kind: 'accepted', account: answer.account }
  }

  /**
   * The sign-in went through with a second factor: the guesses are forgotten, and browser and address are known for 30 days. What many share gets
   * one attempt back, and only if one of this sign-in was `counted` from there: otherwise whoever confirms with a passkey, over and over, washes
   * away what they guess at others (THREATS M11).
   */
  async completed(account: Account, origin: Origin, counted: boolean): Promise<void> {
    const buckets = await this.#guesses.buckets({ ...origin, what: 'password', accountId: account.id })
    await Promise.all([
      this.#limiter.clear(counted ? buckets : buckets.filter(bucket => !isShared(bucket))),
      this.#guesses.remember(account.id, origin)
    ])
  }

  /** True if no directory could look at it now. */
  #isFullFor(place: HashPlace): boolean {
    return this.#directories.every(directory => directory.isFullFor?.(place) === true)
  }

  /** Asks every directory in turn until one accepts. */
  async #ask(
    name: string,
    password: string,
    place: HashPlace
  ): Promise<{ kind: 'busy' } | { kind: 'checked'; account: Account | null }> {
    let isBusy = false
    for (const directory of this.#directories) {
      const answer: DirectoryAnswer = await directory.authenticate(name, password, place)
      if (answer.kind === 'busy') isBusy = true
      if (answer.kind !== 'accepted') continue
      const account = await this.#accounts.byId(answer.accountId)
      // A directory vouches for its own people alone, otherwise a name in one would open the account of another.
      if (account?.directory === directory.id) return { kind: 'checked', account }
    }
    return isBusy ? { kind: 'busy' } : { kind: 'checked', account: null }
  }
}
