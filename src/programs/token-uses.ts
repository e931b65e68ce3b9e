/** When and from where tokens were last used, within a minute. */
import type { Clock } from '../clock.ts'
import { inBatches } from '../store/batches.ts'
import type { Store } from '../store/store.ts'
import type { ProgramToken } from './program-token.ts'

export interface TokenUse {
  /** Milliseconds since the epoch. */
  readonly at: number
  readonly address: string
}

const everyMs = 60_000
const keptSeconds = 400 * 86_400
const useKey = (id: string) => `program-token-used:${id}`

export class TokenUses {
  readonly #store: Store
  readonly #clock: Clock
  readonly #seen = new Map<string, TokenUse>()
  readonly #unwritten = new Set<string>()

  constructor({ store, clock }: { store: Store; clock: Clock }) {
    this.#store = store
    this.#clock = clock
  }

  note({ id }: ProgramToken, address: string, now: number): void {
    const seen = this.#seen.get(id)
    if (seen !== undefined && Math.abs(now - seen.at) < everyMs && seen.address === address) return
    this.#seen.set(id, { at: now, address })
    this.#unwritten.add(id)
  }

  async last(id: string): Promise<TokenUse | null> {
    const text = await this.#store.get(useKey(id))
    const [at = '', address = ''] = text?.split(' ') ?? []
    const stored = text === null || !Number.isFinite(Number(at)) ? null : { at: Number(at), address }
    const seen = this.#seen.get(id) ?? null
    return seen !== null && seen.at > (stored?.at ?? 0) ? seen : stored
  }

  async forget(id: string): Promise<void> {
    this.#seen.delete(id)
    this.#unwritten.delete(id)
    await this.#store.delete(useKey(id))
  }

  async flush(): Promise<void> {
    await inBatches([...this.#unwritten], async id => {
      const use = this.#seen.get(id)
      if (use !== undefined) await this.#store.put(useKey(id), `${use.at} ${use.address}`, keptSeconds)
      // A use meanwhile is written the next time.
      if (this.#seen.get(id) === use) this.#unwritten.delete(id)
    })
    const old = this.#clock() - 10 * everyMs
    for (const [id, { at }] of this.#seen) if (at < old && !this.#unwritten.has(id)) this.#seen.delete(id)
  }
}
