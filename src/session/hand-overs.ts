/** Hand-over codes take a sign-in from the portal to an app's host in the address bar. Each is valid once, for 30 s, on its host and in its browser. */
import { type Clock, isCurrent } from '../clock.ts'
import { isToken, newToken, tokenDigest } from '../ids.ts'
import type { Store } from '../store/store.ts'
import { type HandOverRecord, handOverRecord } from './records.ts'

const goodSeconds = 30
/** A spent code still tells its target. */
const rememberedSeconds = 10 * 60
const returnToLength = 12 * 1024

export class HandOvers {
  readonly #store: Store
  readonly #clock: Clock

  constructor({ store, clock }: { store: Store; clock: Clock }) {
    this.#store = store
    this.#clock = clock
  }

  async make(input: Omit<HandOverRecord, 'expiresAt'>): Promise<string> {
    const code = newToken()
    const record: HandOverRecord = {
      ...input,
      returnTo: input.returnTo.slice(0, returnToLength),
      expiresAt: this.#clock() + goodSeconds * 1000
    }
    await handOverRecord.put(this.#store, tokenDigest(code), record, rememberedSeconds)
    return code
  }

  async look(
    code: string,
    host: string
  ): Promise<{ returnTo: string; state: 'waiting' | 'late' | 'spent'; tie: string } | null> {
    if (!isToken(code)) return null
    const digest = tokenDigest(code)
    const spent = await handOverRecord.get(this.#store, spentId(digest))
    const record = spent ?? (await handOverRecord.get(this.#store, digest))
    if (record === null || record.host !== host) return null
    const { returnTo, state: tie } = record
    if (spent !== null) return { returnTo, tie, state: 'spent' }
    return { returnTo, tie, state: this.#isGood(record) ? 'waiting' : 'late' }
  }

  /** Null for a wrong, spent, late or misplaced code. A failed try spends it too. */
  async spend(code: string, host: string, state: string): Promise<HandOverRecord | null> {
    if (!isToken(code)) return null
    const digest = tokenDigest(code)
    const record = await handOverRecord.take(this.#store, digest)
    if (record === null) return null
    await handOverRecord.put(this.#store, spentId(digest), record, rememberedSeconds)
    if (record.host !== host || record.state !== state) return null
    // The store may delete the record by another machine's clock.
    return this.#isGood(record) ? record : null
  }

  #isGood({ expiresAt }: HandOverRecord): boolean {
    return isCurrent(expiresAt, goodSeconds * 1000, this.#clock())
  }
}

const spentId = (digest: string) => `${digest}:spent`
