/** A probe writes as if it ended access. While it fails, reads fail too: a session that nobody can end must not continue. */

const probeMs = 2000
/** One late write may be a slow disk. */
const maxLateProbes = 2

/** The outcome of the write is unknown. */
export class WriteTimeout extends Error {
  override readonly name = 'WriteTimeout'
}

interface WritesOptions {
  /** It may use the reserve. It rejects with WriteTimeout or the actual error. */
  readonly probe: () => Promise<unknown>
  readonly describe: (error: unknown) => Promise<string>
  readonly onChange: () => void
}

export class LmdbWrites {
  readonly #options: WritesOptions
  #timer: NodeJS.Timeout | undefined
  #isProbing = false
  #late = 0
  #refusal: string | null = null

  constructor(options: WritesOptions) {
    this.#options = options
  }

  /** The end of a sentence; null if writes work or nobody listens. */
  get refusal(): string | null {
    return this.#refusal
  }

  start(): void {
    this.#timer ??= setInterval(() => void this.#probe(), probeMs).unref()
  }

  stop(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  suspect(): void {
    if (this.#timer !== undefined) void this.#probe()
  }

  async #probe(): Promise<void> {
    if (this.#isProbing) return
    this.#isProbing = true
    try {
      await this.#options.probe()
      this.#late = 0
      this.#setRefusal(null)
    } catch (error) {
      this.#late = error instanceof WriteTimeout ? this.#late + 1 : maxLateProbes
      if (this.#late >= maxLateProbes) this.#setRefusal(await this.#options.describe(error))
    } finally {
      this.#isProbing = false
    }
  }

  #setRefusal(refusal: string | null): void {
    if (this.#timer === undefined) return
    const isNews = (refusal === null) !== (this.#refusal === null)
    this.#refusal = refusal
    if (isNews) this.#options.onChange()
  }
}
