/**
 * How long recent binds took. A server that hashes slowly refuses an unknown DN at once, which would tell who has an account there. So a
 * bind with a made-up DN waits for the usual difference (CWE-208).
 */
const maxTimes = 33

interface BindTimesOptions {
  /** A clock in milliseconds that is never put back. */
  readonly now?: () => number
  readonly wait?: (ms: number) => Promise<void>
}

export class BindTimes {
  readonly #now: () => number
  readonly #wait: (ms: number) => Promise<void>
  readonly #people: number[] = []
  readonly #nobody: number[] = []

  constructor({ now = () => performance.now(), wait = pause }: BindTimesOptions = {}) {
    this.#now = now
    this.#wait = wait
  }

  ofPerson<Answer>(bind: () => Promise<Answer>): Promise<Answer> {
    return this.#noted(this.#people, bind)
  }

  /** The medians decide, since the longest times vary on a busy machine. */
  async ofNobody(bind: () => Promise<unknown>): Promise<void> {
    await this.#noted(this.#nobody, bind)
    const difference = median(this.#people) - median(this.#nobody)
    if (difference > 0) await this.#wait(difference)
  }

  async #noted<Answer>(times: number[], bind: () => Promise<Answer>): Promise<Answer> {
    const start = this.#now()
    const answer = await bind()
    times.push(this.#now() - start)
    if (times.length > maxTimes) times.shift()
    return answer
  }
}

function median(times: readonly number[]): number {
  return [...times].sort((a, b) => a - b)[Math.floor(times.length / 2)] ?? 0
}

function pause(ms: number): Promise<void> {
  return new Promise(resolve => {
    setTimeout(resolve, ms)
  })
}
