/** Keeps the search index of a growing journal up to date, in a thread that ends each time. */
import { stat } from 'node:fs/promises'
import { Worker } from 'node:worker_threads'

interface IndexGrowthOptions {
  readonly path: string
  /** The index grows once so many bytes are not in it. */
  readonly minimum?: number
  readonly lookEveryMs?: number
}

const program = new URL(import.meta.url.endsWith('.ts') ? 'index-thread.ts' : 'index-thread.js', import.meta.url)
const heapMegabytes = 128

export class IndexGrowth {
  readonly #path: string
  readonly #minimum: number
  readonly #timer: NodeJS.Timeout
  #worker: Worker | null = null
  #inode = ''
  #indexed = 0

  constructor({ path, minimum = 8 * 1024 * 1024, lookEveryMs = 30_000 }: IndexGrowthOptions) {
    this.#path = path
    this.#minimum = minimum
    this.#timer = setInterval(() => void this.look(), lookEveryMs)
    this.#timer.unref()
  }

  /** Never rejects, because a search works without the index. */
  async look(): Promise<void> {
    const found = await stat(this.#path).catch(() => null)
    if (found === null || !found.isFile() || this.#worker !== null) return
    const inode = `${found.dev}:${found.ino}`
    // The end of a closed file may not be in the index yet.
    const isNew = this.#inode !== '' && this.#inode !== inode
    if (!isNew && found.size - (this.#inode === inode ? this.#indexed : 0) < this.#minimum) return
    this.#inode = inode
    this.#indexed = found.size
    await this.#run()
  }

  stop(): void {
    clearInterval(this.#timer)
    void this.#worker?.terminate()
  }

  #run(): Promise<void> {
    // The gate's environment may hold secrets.
    const worker = new Worker(program, {
      env: {},
      workerData: { path: this.#path, minimum: this.#minimum },
      resourceLimits: { maxOldGenerationSizeMb: heapMegabytes }
    })
    this.#worker = worker
    return new Promise(resolve => {
      worker.on('error', () => {})
      worker.on('exit', () => {
        this.#worker = null
        resolve()
      })
    })
  }
}
