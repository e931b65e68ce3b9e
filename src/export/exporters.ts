/** Runs the exporters of a journal, in one process of the machine at a time. */
import { exportFolderOf } from '../audit/export-cursor.ts'
import { JournalLock } from '../audit/journal-lock.ts'
import { makeFolder } from '../ensure-directory.ts'
import type { Exporter } from './exporter.ts'

/** The time between two looks for new lines, and for the lease, in milliseconds. */
const idleMs = 1000
const leaseMs = 5000
const usualCloseMs = 3000
/** The wait for what cannot be ended, such as the look-up of a name or a disk, in milliseconds. */
const abandonMs = 1000

interface ExportersOptions {
  readonly journal: string
  readonly exporters: readonly Exporter[]
  readonly onError: (error: unknown) => void
  /** The wait for a send under way, in milliseconds. */
  readonly closeMs?: number
}

export class Exporters {
  readonly #options: ExportersOptions
  readonly #lease: JournalLock
  readonly #stop = new AbortController()
  #running: Promise<void> | null = null
  #isHolder = false
  /** The time for the last sends is over. */
  #isLate = false

  constructor(options: ExportersOptions) {
    this.#options = options
    this.#lease = new JournalLock(`${exportFolderOf(options.journal)}/lease`)
  }

  get isHolder(): boolean {
    return this.#isHolder
  }

  start(): void {
    this.#running ??= this.#run()
  }

  /** Waits three seconds at most for a batch. What goes on after four holds the lease, so that nobody else sends. */
  async stop(): Promise<void> {
    this.#stop.abort()
    const { exporters, closeMs = usualCloseMs } = this.#options
    let timer: NodeJS.Timeout | undefined
    const abandoned = new Promise<void>(resolve => {
      timer = setTimeout(() => {
        this.#isLate = true
        for (const exporter of exporters) exporter.abort()
        timer = setTimeout(resolve, abandonMs)
      }, closeMs)
    })
    await Promise.race([this.#running, abandoned])
    clearTimeout(timer)
  }

  async #run(): Promise<void> {
    while (!this.#isStopped) {
      if (!(await this.#acquire())) {
        await this.#pause(leaseMs)
        continue
      }
      this.#isHolder = true
      await Promise.all([this.#renew(), ...this.#options.exporters.map(exporter => this.#work(exporter))])
      await this.#lease.release()
    }
  }

  async #acquire(): Promise<boolean> {
    try {
      makeFolder(exportFolderOf(this.#options.journal))
      // The first try removes the lease of an ended process.
      return (await this.#lease.tryAcquire()) || (await this.#lease.tryAcquire())
    } catch (error) {
      this.#options.onError(error)
      return false
    }
  }

  async #renew(): Promise<void> {
    while (this.#isHolder) {
      await this.#pause(leaseMs)
      if (this.#isStopped) this.#isHolder = false
      else this.#isHolder = await this.#lease.renew().catch(() => false)
    }
  }

  async #work(exporter: Exporter): Promise<void> {
    exporter.begin()
    while (this.#isHolder && !this.#isStopped) {
      const step = await exporter.step()
      if (step.kind !== 'sent') await this.#pause(step.kind === 'idle' ? idleMs : step.retryMs)
    }
    // Sends the line of the gate's own end.
    if (this.#isStopped && !this.#isLate && exporter.problem === null) await exporter.step()
    await exporter.close()
  }

  get #isStopped(): boolean {
    return this.#stop.signal.aborted
  }

  /** The pause ends early with the exporters, and keeps no process alive. */
  #pause(milliseconds: number): Promise<void> {
    const { signal } = this.#stop
    if (signal.aborted) return Promise.resolve()
    return new Promise(resolve => {
      const end = () => {
        clearTimeout(timer)
        signal.removeEventListener('abort', end)
        resolve()
      }
      const timer = setTimeout(end, milliseconds)
      timer.unref()
      signal.addEventListener('abort', end)
    })
  }
}
