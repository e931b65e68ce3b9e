/**
 * Finds workers that stand still. Their connections would wait for ever, and so would each reload and the end of the gate, because the process
 * is still there. They are killed; the primary replaces them as those that crash.
 */
import type { WorkerHandle } from './worker-handle.ts'

/** Between two looks, in milliseconds. */
export const lookMs = 5_000
/** The looks that a question may stay unanswered. They are counted, because a machine that slept has missed none. */
const looksMost = { serving: 12, ending: 4 } as const

type Asked = Pick<WorkerHandle, 'ask' | 'kill'>

export class StuckWorkers {
  /** The looks since the open question to a worker. */
  readonly #silent = new WeakMap<Asked, number>()
  readonly #onStuck: (number: number) => void
  isEnding = false

  constructor(onStuck: (number: number) => void) {
    this.#onStuck = onStuck
  }

  /** `workers`: those that serve, by their numbers. */
  look(workers: Iterable<readonly [number: number, handle: Asked]>): void {
    const most = this.isEnding ? looksMost.ending : looksMost.serving
    for (const [number, handle] of workers) {
      const silent = this.#silent.get(handle)
      this.#silent.set(handle, (silent ?? 0) + 1)
      if (silent === undefined) this.#ask(handle)
      else if (silent === most) {
        this.#onStuck(number)
        handle.kill()
      }
    }
  }

  #ask(handle: Asked): void {
    const heard = () => this.#silent.delete(handle)
    handle.ask({ ask: 'live' }).then(heard, heard)
  }
}
