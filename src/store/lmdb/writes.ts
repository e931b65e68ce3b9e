/**
 * Whether the embedded store takes the writes that end access. Owns the question, asked every two seconds while the gate listens; while the answer
 * is no, the store answers no reads either, because a session that nobody can end must not go on (as with Redis: write-probe.ts).
 */

const beatMs = 2000
/** A late write may be a slow disk's. Only so many in a row are a store that takes none. */
const lateProbesMax = 2

/** A write did not end in time. Whether it will is not known. */
export class WriteLate extends Error {
  override readonly name = 'WriteLate'
}

export interface WritesOptions {
  /** A write that may use the reserve. Rejects with WriteLate, or with whatever else is wrong. */
  readonly probe: () => Promise<unknown>
  /** The error as a sentence's end. */
  readonly describe: (error: unknown) => Promise<string>
  /** Called when it stops taking writes, and when it takes them again. */
  readonly turned: () => void
}

export class LmdbWrites {
  readonly #options: WritesOptions
  #beat: NodeJS.Timeout | undefined
  #isAsking = false
  #late = 0
  #refusal: string | null = null

  constructor(options: WritesOptions) {
    this.#options = options
  }

  /** Why it takes none, as a sentence's end; null while it does, or while nobody watches. */
  get refusal(): string | null {
    return this.#refusal
  }

  start(): void {
    this.#beat ??= setInterval(() => void this.#ask(), beatMs).unref()
  }

  stop(): void {
    clearInterval(this.#beat)
    this.#beat = undefined
  }

  /** A write failed: whether that holds for all of them is asked at once. */
  suspect(): void {
    if (this.#beat !== undefined) void this.#ask()
  }

  async #ask(): Promise<void> {
    if (this.#isAsking) return
    this.#isAsking = true
    try {
      await this.#options.probe()
      this.#late = 0
      this.#turn(null)
    } catch (error) {
      this.#late = error instanceof WriteLate ? this.#late + 1 : lateProbesMax
      if (this.#late >= lateProbesMax) this.#turn(await this.#options.describe(error))
    } finally {
      this.#isAsking = false
    }
  }

  #turn(refusal: string | null): void {
    if (this.#beat === undefined) return
    const isNews = (refusal === null) !== (this.#refusal === null)
    this.#refusal = refusal
    if (isNews) this.#options.turned()
  }
}
