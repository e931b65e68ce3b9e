/**
 * The first step of a sign-in: a name and a password. An unknown name gets the answer of a wrong password, after the same time (ASVS 6.3.8).
 * Only a right password tells that an account is suspended.
 */
import { randomBytes } from 'node:crypto'
import type { Clock } from '../../clock.ts'
import type { Words } from '../../reasons/reason.ts'
import type { Store } from '../../store/store.ts'
import { AttemptBuckets, type Origin } from '../../throttle/attempt-buckets.ts'
import { type AttemptLimiter, isShared } from '../../throttle/attempt-limiter.ts'
import { limitBelow } from '../../throttle/limits.ts'
import { type Account, canonicalName, plainName } from '../account.ts'
import type { Accounts } from '../accounts.ts'
import { canonicalAddress } from '../addresses.ts'
import type { Directory, DirectoryAnswer, DirectoryRefusal } from '../directory.ts'
import { wordsOf } from '../suspension.ts'
import { EntryGuesses } from './entry-guesses.ts'
import type { HashPlace } from './hash-queue.ts'

export type LoginAttempt =
  | { readonly kind: 'accepted'; readonly account: Account }
  /** `waitSeconds`: until the next check. `why`: the password is right, but the directory prevents the sign-in. */
  | { readonly kind: 'refused'; readonly waitSeconds?: number; readonly why?: DirectoryRefusal }
  /** The password is right. */
  | { readonly kind: 'suspended'; readonly words: readonly Words[] }
  | { readonly kind: 'throttled'; readonly retryAfterSeconds: number }
  | { readonly kind: 'busy' }
  /** A directory cannot be asked now, and no other accepts the person. */
  | { readonly kind: 'unreachable' }

export class PasswordLogin {
  readonly #accounts: Accounts
  readonly #directories: readonly Directory[]
  readonly #limiter: AttemptLimiter
  readonly #guesses: AttemptBuckets
  readonly #entries: EntryGuesses
  readonly #takesDomain: boolean

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
    const policies = input.directories.flatMap(({ lockout }) => lockout ?? [])
    const limit = limitBelow(policies)
    // It is the same for every name, otherwise a wait would tell whose directory it is (THREATS M15).
    this.#guesses = new AttemptBuckets(input.store, limit)
    this.#entries = new EntryGuesses({ ...input, limit, buckets: this.#guesses })
    this.#takesDomain = input.directories.some(({ takesDomain }) => takesDomain === true)
  }

  /** Rejects if the store cannot be reached. `isKnown`: the caller knows the account otherwise, so an unreachable directory may be ignored. */
  async attempt(typed: Origin & { name: string; password: string; isKnown?: boolean }): Promise<LoginAttempt> {
    const input = { ...typed, name: this.nameIn(typed.name) }
    const { name } = input
    const [named, inRealm] = await Promise.all([this.#accounts.bySignIn(name), this.#inRealm(name)])
    const counted = named ?? inRealm
    const standing = await this.#guesses.standing({
      ...input,
      what: 'password',
      accountId: counted?.id ?? null,
      // Spellings of text that is no name share a bucket.
      name: canonicalAddress(name) ?? canonicalName(name) ?? `? ${plainName(name)}`
    })
    const from: HashPlace = { from: standing.from, address: input.address }
    // This comes before the count, so that an unchecked attempt leaves nothing in the store.
    if (this.#isFullFor(from)) return { kind: 'busy' }
    const reservation = await this.#limiter.reserve(standing.buckets)
    if (reservation.kind === 'throttled') return reservation
    const { place } = standing
    const known = counted === null || place === null ? null : await this.#guesses.trying(counted.id, place)
    // Directories know names; the address is the gate's alias.
    const answer = await this.#ask(named, input, from)
    if (answer.kind === 'silent') {
      // A check by one directory counts, otherwise guesses there would be free while another is down.
      await (answer.isChecked ? known?.wrong() : Promise.all([reservation.released(), known?.unchecked()]))
      return { kind: answer.as }
    }
    if (answer.kind === 'held') return { kind: 'refused', why: answer.why, ...(await reservation.wait?.()) }
    if (answer.account === null) await known?.wrong()
    if (answer.account === null) return { kind: 'refused', ...(await reservation.wait?.()) }
    // A right password alone must not buy new guesses (THREATS M11).
    if (answer.account.suspended !== null) return { kind: 'suspended', words: wordsOf(answer.account.suspended) }
    if (answer.account.id !== counted?.id) {
      await Promise.all([reservation.released(), known?.unchecked()])
      await this.#count(answer.account, input)
    }
    return { kind: 'accepted', account: answer.account }
  }

  /** The name without the domain in `DOMAIN\name`. Guesses are counted without it, since any domain would do. */
  nameIn(typed: string): string {
    const [, name] = (this.#takesDomain && typed.length <= 256 && /^[^\\@]+\\([^\\@]+)$/.exec(typed)) || []
    return name ?? typed
  }

  /** The directory may know a person by another name, so the attempt counts for the account. `completed` clears it. */
  async #count({ id }: Account, { address, browser }: Origin): Promise<void> {
    // A wait here keeps nobody out, since the password is right.
    await this.#limiter.reserve(
      await this.#guesses.buckets({ address, browser: browser ?? null, what: 'password', accountId: id })
    )
  }

  /** The account for a name without its realm; null if several people match. The number of reads depends on the text alone. */
  async #inRealm(typed: string): Promise<Account | null> {
    if (typed.includes('@')) return null
    const found = await Promise.all(
      this.#directories.map(async ({ id, source }) => {
        if (source == null || source.realm === null) return null
        const account = await this.#accounts.byName(`${typed.trim()}@${source.realm}`)
        return account?.directory === id ? account : null
      })
    )
    const people = found.filter(account => account !== null)
    return people.length === 1 ? people[0]! : null
  }

  /**
   * For when a second factor completes the sign-in: clears the person's buckets and makes browser and network known for 30 days. Shared
   * buckets get back only an attempt that was `counted` there, otherwise repeated passkey confirmations would clear guesses at other
   * accounts (THREATS M11).
   */
  async completed(account: Account, origin: Origin, counted: boolean): Promise<void> {
    const buckets = await this.#guesses.buckets({ ...origin, what: 'password', accountId: account.id })
    await Promise.all([
      this.#limiter.clear(counted ? buckets : buckets.filter(bucket => !isShared(bucket))),
      this.#guesses.remember(account.id, origin)
    ])
  }

  /** False after `completed`, which makes it known. */
  isNewBrowser({ id }: Account, browser: string | null): Promise<boolean> {
    return this.#guesses.isNewBrowser(id, browser)
  }

  /** The known browser or network; null for an unknown place. */
  async knownPlace({ id }: Account, origin: Origin): Promise<string | null> {
    return (await this.#guesses.standing({ ...origin, what: 'password', accountId: id })).place
  }

  #isFullFor(place: HashPlace): boolean {
    return this.#directories.every(directory => directory.isFullFor?.(place) === true)
  }

  /**
   * Asks every directory until one accepts. A known person's password goes to their own directory alone; the others get a wrong one of the
   * same length, which takes as long. A silent directory changes every refusal, otherwise an outage would tell whose name it has (THREATS
   * M15).
   */
  async #ask(
    named: Account | null,
    {
      name: typed,
      password,
      isKnown = false,
      ...origin
    }: Origin & { name: string; password: string; isKnown?: boolean },
    place: HashPlace
  ): Promise<Asked> {
    const name = named?.name ?? typed
    let isBusy = false
    let isUnreachable = false
    let isChecked = false
    let why: DirectoryRefusal | undefined
    for (const directory of this.#directories) {
      const isTheirs = named === null || named.directory === directory.id
      const { mayCheck, unchecked } = this.#entries.guard(directory.id, name, origin)
      const answer: DirectoryAnswer =
        !isTheirs && directory.pretend !== undefined
          ? await directory.pretend(name, decoy(password), mayCheck)
          : await directory.authenticate(name, isTheirs ? password : decoy(password), place, mayCheck)
      if (answer.kind === 'busy' || answer.kind === 'unreachable') await unchecked()
      if (isTheirs || !isKnown) {
        if (answer.kind === 'busy') isBusy = true
        if (answer.kind === 'unreachable') isUnreachable = true
      }
      if (isTheirs && answer.kind === 'refused') {
        isChecked = true
        why ??= answer.why
      }
      if (answer.kind !== 'accepted') continue
      const account = await this.#accounts.byId(answer.accountId)
      // A directory vouches only for its own people, otherwise a name in one would open another's account.
      if (account?.directory !== directory.id) continue
      await this.#entries.right(directory.id, account.externalId)
      return { kind: 'checked', account }
    }
    if (why !== undefined) return { kind: 'held', why }
    if (isBusy || isUnreachable) return { kind: 'silent', as: isBusy ? 'busy' : 'unreachable', isChecked }
    return { kind: 'checked', account: null }
  }
}

type Asked =
  | { readonly kind: 'checked'; readonly account: Account | null }
  | { readonly kind: 'held'; readonly why: DirectoryRefusal }
  /** A directory did not answer. `isChecked`: another one has checked the password. */
  | { readonly kind: 'silent'; readonly as: 'busy' | 'unreachable'; readonly isChecked: boolean }

/** Text of as many bytes, with a NUL if the password has one, since directories refuse some passwords unasked. */
function decoy(password: string): string {
  const bytes = Buffer.byteLength(password)
  const text = randomBytes(Math.ceil(bytes * 0.75))
    .toString('base64')
    .slice(0, bytes)
  return password.includes('\0') ? `\0${text.slice(1)}` : text
}
