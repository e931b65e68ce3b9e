/**
 * How long recent binds with people's passwords took. A server that hashes passwords slowly refuses an unknown DN at once, which would tell
 * strangers who has an account there. So a bind with a DN that nobody has is answered after the time of a recent one (CWE-208).
 */
const most = 32

export class BindTimes {
  readonly #now: () => number
  readonly #wait: (ms: number) => Promise<void>
  readonly #recent: number[] = []
  #next = 0

  /** `now` in milliseconds, never put back. */
  constructor({ now = () => performance.now(), wait = pause }: BindTimesOptions = {}) {
    this.#now = now
    this.#wait = wait
  }

  /** Notes how long the bind of a person took. */
  async measured<Answer>(bind: () => Promise<Answer>): Promise<Answer> {
    const start = this.#now()
    const answer = await bind()
    this.#recent[this.#next] = this.#now() - start
    this.#next = (this.#next + 1) % most
    return answer
  }

  /** Does `work`, and takes no less time than one of the recent binds, by chance, so that both have the same distribution. */
  async padded(work: () => Promise<unknown>): Promise<void> {
    const least = this.#recent[Math.floor(Math.random() * this.#recent.length)] ?? 0
    const start = this.#now()
    await work()
    const rest = least - (this.#now() - start)
    if (rest > 0) await this.#wait(rest)
  }
}

export interface BindTimesOptions {
  readonly now?: () => number
  readonly wait?: (ms: number) => Promise<void>
}

function pause(ms: number): Promise<void> {
  return new Promise(resolve => {
    setTimeout(resolve, ms)
  })
}
