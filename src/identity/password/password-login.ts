/**
 * The first step of a sign-in: a name and a password. An unknown name and a suspended account get the answer of a wrong password, after the
 * same time, and that answer does not tell who has a second factor (ASVS 6.3.8).
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
  /** `waitSeconds`: how long the next attempts are not checked. */
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

  /** Rejects where the store or a directory cannot be reached. */
  async attempt(input: Origin & { name: string; password: string }): Promise<LoginAttempt> {
    const { name, password } = input
    const named = await this.#accounts.bySignIn(name)
    const standing = await this.#guesses.standing({
      ...input,
      what: 'password',
      accountId: named?.id ?? null,
      // Spellings of text that is no name share a bucket too.
      name:
        canonicalAddress(name) ??
        canonicalName(name) ??
        `? ${name.slice(0, 256).trim().normalize('NFKC').toLowerCase()}`
    })
    const from: HashPlace = { from: standing.from, address: input.address }
    // This comes before the count: what cannot be checked leaves nothing in the store.
    if (this.#isFullFor(from)) return { kind: 'busy' }
    const reservation = await this.#limiter.reserve(standing.buckets)
    if (reservation.kind === 'throttled') return reservation
    const { place } = standing
    const known = named === null || place === null ? null : await this.#guesses.trying(named.id, place)
    // Directories know people by their names; only the gate knows the e-mail address as a sign-in name.
    const answer = await this.#ask(named?.name ?? name, password, from)
    if (answer.kind === 'busy') {
      await Promise.all([reservation.released(), known?.unchecked()])
      return answer
    }
    if (answer.account === null) await known?.wrong()
    // Nothing is reset here: a right password alone must not buy new guesses (THREATS M11). `completed` resets.
    return answer.account === null || answer.account.suspended !== null
      ? { kind: 'refused', ...(await reservation.wait?.()) }
      : { kind: 'accepted', account: answer.account }
  }

  /**
   * Call this when a second factor completes the sign-in. It clears the person's own buckets, and browser and network are known for 30
   * days. Shared buckets get their part back only if an attempt of this sign-in was `counted` there, otherwise repeated passkey
   * confirmations would clear guesses at other accounts (THREATS M11).
   */
  async completed(account: Account, origin: Origin, counted: boolean): Promise<void> {
    const buckets = await this.#guesses.buckets({ ...origin, what: 'password', accountId: account.id })
    await Promise.all([
      this.#limiter.clear(counted ? buckets : buckets.filter(bucket => !isShared(bucket))),
      this.#guesses.remember(account.id, origin)
    ])
  }

  /** True if every directory would answer `busy`. */
  #isFullFor(place: HashPlace): boolean {
    return this.#directories.every(directory => directory.isFullFor?.(place) === true)
  }

  /** Asks each directory in turn until one accepts. */
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
      // A directory speaks for its own people alone, otherwise a name in one would open the account of another.
      if (account?.directory === directory.id) return { kind: 'checked', account }
    }
    return isBusy ? { kind: 'busy' } : { kind: 'checked', account: null }
  }
}
