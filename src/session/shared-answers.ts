/** Answers to forms, sealed in the store for a short time: the second press of a button may reach another gate (FIELD G6). */
import { setTimeout as sleep } from 'node:timers/promises'
import { type Clock, isCurrent } from '../clock.ts'
import { newId } from '../ids.ts'
import { type Keyring, KeyringError } from '../keyring/keyring.ts'
import { RecordKind, type Seal, sealWith } from '../store/records.ts'
import type { Store } from '../store/store.ts'

export interface Answer {
  /** `Set-Cookie` lines. */
  readonly cookies: readonly string[]
  readonly redirect: string | null
  /** Digests of the session's token before and after the answer. */
  readonly tokens: readonly (string | null)[]
}

interface Kept extends Answer {
  readonly until: number
}

/** Nobody waits for an unreadable answer. */
const unreadable: Kept = { cookies: [], redirect: null, tokens: [], until: 0 }

/** Its id is the form's, and the seal is bound to its key. */
export const answerRecord = new RecordKind<Kept>({
  prefix: 'answer:',
  version: 1,
  isIdSecret: true,
  damaged: unreadable,
  // The seal proves that the gate wrote it.
  read: record => record as unknown as Kept
})

interface Press {
  keep(answer: Answer): void
  /** Ends a failed press. Resolves once others can see it and stop waiting. */
  drop(): Promise<void>
}

export const keptSeconds = 20
/** Looks at a pending press, for two seconds in all. */
const looks = 40
const lookEveryMs = 50
/** So many callers of one process may wait. Further ones look once. */
const maxWaiting = 100

export class SharedAnswers {
  readonly #store: Store
  readonly #clock: Clock
  readonly #seal: Seal
  #waiting = 0

  constructor(input: { store: Store; clock: Clock; keyring: () => Keyring }) {
    this.#store = input.store
    this.#clock = input.clock
    this.#seal = sealWith(input.keyring)
  }

  /** A failure affects only a second press. */
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

  async find(key: string): Promise<Answer | null> {
    for (let look = 1; ; look++) {
      const others = await this.#store.members(indexOf(key))
      const kept = await this.#read(key)
      if (kept !== null) return isCurrent(kept.until, keptSeconds * 1000, this.#clock()) ? kept : null
      if (others.length === 0 || look >= looks || this.#waiting >= maxWaiting) return null
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

const indexOf = (key: string) => `answer-presses:${key}`
