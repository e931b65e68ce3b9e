/**
 * Finds workers that stand still. Their connections would wait for ever, and so would each reload and the end of the gate, because the process
 * is still there. They are killed; the primary replaces them as those that crash.
 */
import type { WorkerHandle } from './worker-handle.ts'

/** Between two looks while the gate serves, in milliseconds. */
export const lookMs = 5_000
/** The looks that a question may stay unanswered. They are counted, because a machine that slept has missed none. */
const maxLooks = { serving: 12, ending: 4 } as const
/** How long a gate that ends waits for an answer, and the time that it keeps before its own end is cut off, in milliseconds. */
const maxEndingMs = 20_000
const endingReserveMs = 4_000
/** How much longer than its own end may take a worker may say that it ends, in milliseconds. */
const crashedReserveMs = 10_000

/** Between two looks while the gate ends, which is cut off after `cutOffMs`. */
export function endingLookMs(cutOffMs: number): number {
  return Math.min(maxEndingMs, cutOffMs - endingReserveMs) / maxLooks.ending
}

type Asked = Pick<WorkerHandle, 'ask' | 'kill'>

export class StuckWorkers {
  /** The looks since the open question to a worker. */
  readonly #silent = new WeakMap<Asked, number>()
  /** The looks since a worker has said that it ends. */
  readonly #ending = new WeakMap<Asked, number>()
  readonly #killed = new WeakSet<Asked>()
  readonly #onStuck: (number: number) => void
  readonly #cutOffMs: () => number
  isEnding = false

  /** `cutOffMs`: how long the end of a worker may take. */
  constructor(onStuck: (number: number) => void, cutOffMs: () => number = () => Number.POSITIVE_INFINITY) {
    this.#onStuck = onStuck
    this.#cutOffMs = cutOffMs
  }

  /** `workers`: all, by their numbers; also those that do not serve yet. */
  look(workers: Iterable<readonly [number: number, handle: Asked]>): void {
    const most = this.isEnding ? maxLooks.ending : maxLooks.serving
    for (const [number, handle] of workers) {
      const silent = this.#silent.get(handle)
      this.#silent.set(handle, (silent ?? 0) + 1)
      if (silent === undefined) this.#ask(handle)
      const isSilent = silent !== undefined && silent >= most
      if ((!isSilent && !this.#isLate(handle)) || this.#killed.has(handle)) continue
      this.#killed.add(handle)
      this.#onStuck(number)
      handle.kill()
    }
  }

  #ask(handle: Asked): void {
    const heard = () => this.#silent.delete(handle)
    handle.ask({ ask: 'live' }).then(answer => {
      heard()
      if (answer === 'ending' && !this.#ending.has(handle)) this.#ending.set(handle, 0)
    }, heard)
  }

  /** True if a worker ends by itself, after an error, and does not come to its end. The end of the gate has a limit of its own. */
  #isLate(handle: Asked): boolean {
    const looks = this.#ending.get(handle)
    if (looks === undefined || this.isEnding) return false
    this.#ending.set(handle, looks + 1)
    return looks * lookMs > this.#cutOffMs() + crashedReserveMs
  }
}
