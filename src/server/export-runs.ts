/** The exports of the journal, which start anew when a reload changes them. */
import type { Config } from '../../config/schema.ts'
import type { Exporters } from '../export/exporters.ts'
import type { Services } from '../services/services.ts'

export class ExportRuns {
  readonly #runtime: Services
  #running: Exporters | null = null
  #now = '[]'
  #changing: Promise<void> = Promise.resolve()

  constructor(runtime: Services) {
    this.#runtime = runtime
  }

  /** A send may take three seconds, so a reload does not wait for it. */
  use({ export: exports }: Config['journal']): Promise<void> {
    const text = JSON.stringify(exports)
    if (text !== this.#now) {
      this.#now = text
      this.#changing = this.#changing
        .then(() => this.#change(exports))
        .catch(error => this.#runtime.log.error({ err: error }, 'the exports of the journal cannot be started'))
    }
    return this.#changing
  }

  async stop(): Promise<void> {
    await this.#changing
    await this.#running?.stop()
  }

  async #change(exports: Config['journal']['export']): Promise<void> {
    await this.#running?.stop()
    this.#running = null
    const { clock, log, metrics, journalFile } = this.#runtime
    // The import is here for a short start.
    const { exportersOf } = await import('../services/exporting.ts')
    const made = exportersOf({ file: journalFile, exports, clock, log, metrics })
    if (exports.length === 0) return
    this.#running = made
    made.start()
  }
}
