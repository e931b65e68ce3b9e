/**
 * The embedded store's write probe: every two seconds it tries a write that ends access. If that fails, reads fail
 * too, because a session that nobody can end must not go on.
 */

const beatMs = 2000
/** One late write may be a slow disk. */
const lateProbesMax = 2

/** A write that did not finish in time; its outcome is unknown. */
export class WriteLate extends Error {
  override readonly name = 'WriteLate'
}

export interface WritesOptions {
  /** May use the reserve. Rejects with WriteLate or the actual error. */
  readonly probe: () => Promise<unknown>
  readonly describe: (error: unknown) => Promise<string>
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

  /** Why writes fail, as the end of a sentence; null if they work or nobody listens. */
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
