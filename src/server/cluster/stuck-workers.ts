/** Kills workers that stand still, otherwise their connections, each reload and the end of the gate would wait for ever. The primary replaces them. */
import type { WorkerHandle } from './worker-handle.ts'

export const lookMs = 5_000
/** A question may stay unanswered for so many looks. Looks are counted, not time, because a machine may sleep. */
const maxLooks = { serving: 12, ending: 4 } as const
/** The end of a gate waits so long for an answer, and keeps a reserve before it is cut off. */
const maxEndingMs = 20_000
const endingReserveMs = 4_000
/** A worker that has said that it ends may take so much longer than its end may. */
const crashedReserveMs = 10_000

export function endingLookMs(cutOffMs: number): number {
  return Math.min(maxEndingMs, cutOffMs - endingReserveMs) / maxLooks.ending
}

type Asked = Pick<WorkerHandle, 'ask' | 'kill'>

export class StuckWorkers {
  /** Looks since the open question. */
  readonly #silent = new WeakMap<Asked, number>()
  /** Looks since the worker has said that it ends. */
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

  /** Workers that do not serve yet count too. */
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

  /** A worker that ends after an error does not finish. */
  #isLate(handle: Asked): boolean {
    const looks = this.#ending.get(handle)
    if (looks === undefined || this.isEnding) return false
    this.#ending.set(handle, looks + 1)
    return looks * lookMs > this.#cutOffMs() + crashedReserveMs
  }
}
