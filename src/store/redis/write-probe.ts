/** Probes whether a Redis takes writes. While it does not, reads fail too: its data may be outdated, and no session could be ended. */
import { describeTrouble } from './errors.ts'

const probeMs = 1000
const refusals = /^(?:READONLY|NOREPLICAS|MISCONF|OOM|MASTERDOWN) /
/** Of the probe alone: the user may lack a right that only one command needs. */
const refusalsOfProbe = /^NOPERM /

interface WriteProbeOptions {
  /** Has no effect. Rejects with the server's reply. */
  readonly probe: () => Promise<unknown>
  readonly onChange: () => void
}

export class WriteProbe {
  readonly #options: WriteProbeOptions
  #timer: NodeJS.Timeout | undefined
  #isProbing = false
  #refusal: string | null = null

  constructor(options: WriteProbeOptions) {
    this.#options = options
  }

  /** The end of a sentence; null if writes work or nobody listens. */
  get refusal(): string | null {
    return this.#refusal
  }

  start(): void {
    this.#timer ??= setInterval(() => {
      if (!this.#isProbing) void this.run().catch(() => {})
    }, probeMs).unref()
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  async run(): Promise<void> {
    this.#isProbing = true
    try {
      await this.#options.probe()
      this.#setRefusal(null)
    } catch (error) {
      if (refusalsOfProbe.test((error as Error)?.message ?? '')) this.#refuse(error)
      this.noteError(error)
      throw error
    } finally {
      this.#isProbing = false
    }
  }

  /** Broken connections say nothing about writes. */
  noteError(error: unknown): void {
    if (refusals.test((error as Error)?.message ?? '')) this.#refuse(error)
  }

  #refuse(error: unknown): void {
    if (this.#timer !== undefined) this.#setRefusal(describeTrouble(error))
  }

  #setRefusal(refusal: string | null): void {
    const isNews = (refusal === null) !== (this.#refusal === null)
    this.#refusal = refusal
    if (isNews) this.#options.onChange()
  }
}
