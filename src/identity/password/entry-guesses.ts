/**
 * Guesses at one entry of a directory that locks accounts. The directory finds a person by several names, so a count by the typed text
 * would give each name its own guesses.
 */
import { createHash } from 'node:crypto'
import { digestOf } from '../../ids.ts'
import type { AttemptBuckets, Origin } from '../../throttle/attempt-buckets.ts'
import type { AttemptLimiter, Bucket, Reservation } from '../../throttle/attempt-limiter.ts'
import type { Limit } from '../../throttle/limits.ts'
import type { Accounts } from '../accounts.ts'
import type { MayCheck } from '../directory.ts'

interface EntryGuessesOptions {
  /** The limit of all strangers at one entry; null if no directory locks accounts. */
  readonly limit: Limit | null
  readonly limiter: AttemptLimiter
  readonly buckets: AttemptBuckets
  readonly accounts: Pick<Accounts, 'ofExternal'>
}

interface Guard {
  readonly mayCheck: MayCheck
  /** The directory could not check the password. */
  unchecked(): Promise<void>
}

export class EntryGuesses {
  readonly #options: EntryGuessesOptions

  constructor(options: EntryGuessesOptions) {
    this.#options = options
  }

  /** An unknown name takes the same steps (THREATS M15). */
  guard(directory: string, name: string, origin: Origin): Guard {
    const { limit } = this.#options
    if (limit === null) return { mayCheck: async () => true, unchecked: async () => {} }
    // A directory asks again when its next server takes over.
    const asked = new Map<string | null, Promise<Reservation | null>>()
    const ask = (person: string | null) => {
      const known = asked.get(person)
      if (known !== undefined) return known
      const reservation = this.#reserve(limit, directory, name, origin, person)
      asked.set(person, reservation)
      return reservation
    }
    return {
      mayCheck: async person => (await ask(person))?.kind !== 'throttled',
      unchecked: async () => {
        for (const reservation of await Promise.all(asked.values()))
          if (reservation?.kind === 'allowed') await reservation.released()
      }
    }
  }

  async #reserve(
    limit: Limit,
    directory: string,
    name: string,
    { address, browser }: Origin,
    person: string | null
  ): Promise<Reservation | null> {
    const { limiter, buckets, accounts } = this.#options
    const account = await accounts.ofExternal(directory, person ?? '')
    const accountId = account?.id ?? null
    const { from } = await buckets.standing({ address, browser: browser ?? null, what: 'password', accountId, name })
    if (from !== 'elsewhere') return null
    // Made-up names share a fixed number of buckets, so that they do not fill the store.
    return limiter.reserve([bucketOf(limit, person === null ? ['nobody', slotOf(name)] : [directory, person])])
  }

  /** After a right password the directory has forgotten the wrong ones. */
  async right(directory: string, person: string | undefined): Promise<void> {
    const { limit, limiter } = this.#options
    if (limit !== null && person !== undefined) await limiter.forget(bucketOf(limit, [directory, person]))
  }
}

function bucketOf(limit: Limit, whom: readonly string[]): Bucket {
  return { kind: 'password_unknown_total', key: `entry-${digestOf(JSON.stringify(whom))}`, limit }
}

const slotOf = (name: string) => createHash('sha256').update(name).digest('hex').slice(0, 4)
