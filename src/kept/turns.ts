/**
 * Turns of the event loop for long work on bodies. In each iteration one work goes on for a moment, so that many of them at once delay others no
 * longer than one does (THREATS D21).
 */

/** In milliseconds. The first part of a work waits for no turn. */
const firstMs = 1
const turnMs = 5
const waiting: (() => void)[] = []

export class Turns {
  #endsAt = performance.now() + firstMs

  /** True if others are to be served before this work goes on: await `next` then. */
  get isOver(): boolean {
    return performance.now() >= this.#endsAt
  }

  async next(): Promise<void> {
    await new Promise<void>(resolve => {
      waiting.push(resolve)
      if (waiting.length === 1) setImmediate(serve)
    })
    this.#endsAt = performance.now() + turnMs
  }
}

function serve(): void {
  waiting.shift()?.()
  if (waiting.length > 0) setImmediate(serve)
}
