/** A progress bar on standard error, for terminals only. */
import type { Io } from './command.ts'

const barWidth = 24
/** The time between redraws, in milliseconds. */
const drawEveryMs = 100
const eraseLine = '\r\u001b[K'

export class Progress {
  readonly #io: Io
  readonly #what: string
  readonly #total: number | null
  readonly #isShown: boolean
  #drawnAt = 0

  /** `what` is a plural; `total` is null if unknown. */
  constructor(io: Io, what: string, total: number | null = null) {
    this.#io = io
    this.#what = what
    this.#total = total
    this.#isShown = io.isErrorTTY === true
  }

  /** Bound, to serve as a listener. */
  readonly at = (done: number): void => {
    const now = performance.now()
    if (!this.#isShown || now - this.#drawnAt < drawEveryMs) return
    this.#drawnAt = now
    this.#io.stderr(`${eraseLine}${this.#line(done)}`)
  }

  /** Removes the bar, so that the next output starts at the margin. */
  end(): void {
    if (this.#isShown && this.#drawnAt > 0) this.#io.stderr(eraseLine)
  }

  #line(done: number): string {
    const count = done.toLocaleString('en')
    if (this.#total === null || this.#total === 0) return `${count} ${this.#what} …`
    const filled = Math.round((Math.min(done, this.#total) / this.#total) * barWidth)
    const bar = '#'.repeat(filled) + '-'.repeat(barWidth - filled)
    return `[${bar}] ${count} of ${this.#total.toLocaleString('en')} ${this.#what}`
  }
}

export async function withProgress<T>(
  io: Io,
  what: string,
  total: number | null,
  work: (onDone: (done: number) => void) => Promise<T>
): Promise<T> {
  const progress = new Progress(io, what, total)
  try {
    return await work(progress.at)
  } finally {
    progress.end()
  }
}
