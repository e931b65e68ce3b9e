/**
 * Answers to forms that another process may have to give once more: the second press of a button may arrive at another gate than the first (FIELD G6).
 * Each answer lies in the store for twenty seconds, sealed by the keyring. It is written beside the first answer, which waits for nothing.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { type Clock, isCurrent } from '../clock.ts'
import { newId } from '../ids.ts'
import { type Keyring, KeyringError } from '../keyring/keyring.ts'
import { RecordKind, type Seal } from '../store/records.ts'
import type { Store } from '../store/store.ts'

export interface Answer {
  /** `Set-Cookie` lines. */
  readonly cookies: readonly string[]
  /** Where a script is sent; null for a form. */
  readonly redirect: string | null
  /** Digests of the session's token before and after the answer. Null: the browser had none. */
  readonly tokens: readonly (string | null)[]
}

interface Kept extends Answer {
  readonly until: number
}

/** Stands for an answer that cannot be read: it is over, and nobody waits for it. */
const unreadable: Kept = { cookies: [], redirect: null, tokens: [], until: 0 }

/** By the form, sealed for its key. */
export const answerRecord = new RecordKind<Kept>({
  prefix: 'answer:',
  version: 1,
  isIdSecret: true,
  damaged: unreadable,
  // What the seal vouches for, we wrote.
  read: record => record as unknown as Kept
})

/** One press that is under way in this process. */
export interface Press {
  /** It succeeded: from now on any process can give its answer. */
  keep(answer: Answer): void
  /** It failed: nobody waits for it any longer. Resolves once the others see that. */
  drop(): Promise<void>
}

export const keptSeconds = 20
/** A press that finds another one under way looks again this often, so many times: two seconds in all. */
const looks = 40
const lookEveryMs = 50
/** Presses that wait at a time, in one process. Further ones look once. */
const mostWaiting = 100

export class SharedAnswers {
  readonly #store: Store
  readonly #clock: Clock
  readonly #seal: Seal
  #waiting = 0

  constructor(input: { store: Store; clock: Clock; keyring: () => Keyring }) {
    this.#store = input.store
    this.#clock = input.clock
    this.#seal = {
      open: (text, key) => input.keyring().open(text, key),
      close: (text, key) => input.keyring().seal(text, key)
    }
  }

  /** Says in the store that a press of this form is under way. The caller goes on at once; a failure of the store costs the second press alone. */
  begin(key: string): Press {
    const id = newId()
    const begun = this.#store.link(indexOf(key), id, keptSeconds).catch(() => {})
    return {
      keep: answer => {
        const until = this.#clock() + keptSeconds * 1000
        answerRecord.put(this.#store, key, { ...answer, until }, keptSeconds, this.#seal).catch(() => {})
      },
      drop: async () => {
        await begun
        await this.#store.unlink(indexOf(key), id).catch(() => {})
      }
    }
  }

  /** The answer to a press of this form elsewhere. While one is under way, waits for it a moment. */
  async find(key: string): Promise<Answer | null> {
    for (let look = 1; ; look++) {
      const others = await this.#store.members(indexOf(key))
      const kept = await this.#read(key)
      if (kept !== null) return isCurrent(kept.until, keptSeconds * 1000, this.#clock()) ? kept : null
      if (others.length === 0 || look >= looks || this.#waiting >= mostWaiting) return null
      this.#waiting++
      await sleep(lookEveryMs)
      this.#waiting--
    }
  }

  async #read(key: string): Promise<Kept | null> {
    try {
      return await answerRecord.get(this.#store, key, this.#seal)
    } catch (error) {
      if (error instanceof KeyringError) return unreadable
      throw error
    }
  }
}

/** The presses that are under way or have succeeded. */
const indexOf = (key: string) => `answer-presses:${key}`
