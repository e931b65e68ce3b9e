/** Time slices for long work on bodies. One runs in each turn of the event loop, so many bodies delay other requests no longer than one does (THREATS D21). */

/** Work begins at once, with a short slice. */
const firstMs = 1
const sliceMs = 5
const waiting: (() => void)[] = []

export class TimeSlices {
  #endsAt = performance.now() + firstMs

  /** If true, await `next` before the work goes on. */
  get isOver(): boolean {
    return performance.now() >= this.#endsAt
  }

  async next(): Promise<void> {
    await new Promise<void>(resolve => {
      waiting.push(resolve)
      if (waiting.length === 1) setImmediate(serve)
    })
    this.#endsAt = performance.now() + sliceMs
  }
}

function serve(): void {
  waiting.shift()?.()
  if (waiting.length > 0) setImmediate(serve)
}
