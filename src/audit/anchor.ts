/** The anchor: the newest signed checkpoint, as the store remembers it. Whoever cuts or replaces the files of a journal would also have to change the store. */
import { createHash } from 'node:crypto'
import { hostname } from 'node:os'
import path from 'node:path'
import { type Loose, RecordKind } from '../store/records.ts'
import type { Store } from '../store/store.ts'
import type { ChainEnd } from './chain.ts'
import { headText, readPublicKey, verifies } from './checkpoint.ts'

export interface Anchor extends ChainEnd {
  /** The hash of the journal's first line. */
  readonly chain: string
  /** Milliseconds since the epoch. */
  readonly at: number
  readonly sig: string
}

const lifetimeSeconds = 400 * 86_400

export const anchorRecord = new RecordKind<Anchor>({ prefix: 'meta:journal-anchor:', version: 1, read })

function read({ chain, seq, hash, at, sig }: Loose): Anchor | null {
  const isHash = (text: unknown) => typeof text === 'string' && /^[0-9a-f]{64}$/.test(text)
  const isRight = isHash(chain) && isHash(hash) && Number.isSafeInteger(seq) && typeof at === 'number'
  return isRight && typeof sig === 'string' ? ({ chain, seq, hash, at, sig } as Anchor) : null
}

/** A store that several machines share holds an anchor of each. */
export function anchorId(journal: string, isStoreShared: boolean): string {
  const place = `${isStoreShared ? hostname() : ''}\n${path.resolve(journal)}`
  return createHash('sha256').update(place).digest('base64url').slice(0, 22)
}

/** True if one of these public keys signed it. Whoever can write to the store could write an anchor. */
export function isAnchorSigned({ sig, ...anchor }: Anchor, keys: readonly string[]): boolean {
  return keys.some(key => {
    const publicKey = readPublicKey(key)
    return publicKey !== null && verifies(headText(anchor), sig, publicKey)
  })
}

/** What the anchor proves and the files no longer hold. */
export type Missing =
  | { readonly kind: 'cut'; readonly fromSeq: number; readonly anchor: Anchor }
  /** The files hold another journal, or none. */
  | { readonly kind: 'replaced'; readonly anchor: Anchor }

/** Null if nothing is missing. `chain` is empty where it is not known. */
export function missingBehind(anchor: Anchor | null, end: ChainEnd, chain: string): Missing | null {
  if (anchor === null) return null
  if (end.seq === 0 || (chain !== '' && chain !== anchor.chain)) return { kind: 'replaced', anchor }
  if (end.seq < anchor.seq) return { kind: 'cut', fromSeq: end.seq + 1, anchor }
  return end.seq === anchor.seq && end.hash !== anchor.hash ? { kind: 'replaced', anchor } : null
}

/** A busy journal has two checkpoints a second, and each write costs the store some commands. */
const usualPauseMs = 30_000

interface AnchorsOptions {
  readonly store: Store
  readonly journal: string
  readonly isStoreShared: boolean
  readonly pauseMs?: number
}

/** Stores the first checkpoint at once, then the newest after each pause and at the end. */
export class Anchors {
  readonly #store: Store
  readonly #id: string
  #next: Anchor | null = null
  readonly #pauseMs: number
  #writing: Promise<void> | null = null
  #timer: NodeJS.Timeout | undefined
  #mayWriteAt = Number.NEGATIVE_INFINITY
  #replaces = false

  constructor({ store, journal, isStoreShared, pauseMs = usualPauseMs }: AnchorsOptions) {
    this.#store = store
    this.#pauseMs = pauseMs
    this.#id = anchorId(journal, isStoreShared)
  }

  /** Rejects with StoreUnreachable. */
  read(): Promise<Anchor | null> {
    return anchorRecord.get(this.#store, this.#id)
  }

  /** The next checkpoint replaces the anchor, whatever that is, because its loss is on record now. */
  replace(): void {
    this.#replaces = true
  }

  /** For a checkpoint on disk. Never throws; without the store the next checkpoint tries again. */
  note(anchor: Anchor): void {
    this.#next = anchor
    if (this.#writing !== null) return
    const waitMs = this.#replaces ? 0 : this.#mayWriteAt - performance.now()
    if (waitMs <= 0) this.#begin()
    else this.#timer ??= setTimeout(() => this.#begin(), waitMs).unref()
  }

  async close(): Promise<void> {
    await this.#writing
    this.#begin()
    await this.#writing
  }

  #begin(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const anchor = this.#next
    if (anchor === null) return
    this.#next = null
    this.#mayWriteAt = performance.now() + this.#pauseMs
    this.#writing = this.#write(anchor).finally(() => {
      this.#writing = null
      if (this.#next !== null) this.note(this.#next)
    })
  }

  async #write(anchor: Anchor): Promise<void> {
    const replaces = this.#replaces
    try {
      await anchorRecord.change(this.#store, this.#id, before =>
        // Another process of this machine may have noted a later one.
        !replaces && before !== null && before.chain === anchor.chain && before.seq >= anchor.seq
          ? { result: undefined }
          : { next: anchor, result: undefined, ttlSeconds: lifetimeSeconds }
      )
      if (replaces) this.#replaces = false
    } catch {
      // The next checkpoint tries again.
    }
  }
}
