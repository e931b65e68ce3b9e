/** What all people and thieves do, merged into one order of time: a heap of sources by their next event. */
import type { Event } from './events.ts'

interface Source {
  next: Event
  readonly rest: Iterator<Event>
}

export class Timeline {
  readonly #heap: Source[] = []

  /** `events` come in the order of time, and may be made while they are asked for. */
  add(events: Iterator<Event>): void {
    const first = events.next()
    if (first.done === true) return
    this.#heap.push({ next: first.value, rest: events })
    this.#rise(this.#heap.length - 1)
  }

  /** The next event; null if there is none before this time. */
  before(time: number): Event | null {
    const top = this.#heap[0]
    return top === undefined || top.next.at >= time ? null : top.next
  }

  /** The next event has happened. `goesOn` is false where its source has no more to do. */
  shift(goesOn: boolean): void {
    const heap = this.#heap
    const top = heap[0] as Source
    const next = goesOn ? top.rest.next() : null
    if (next !== null && next.done !== true) top.next = next.value
    else {
      const last = heap.pop() as Source
      if (heap.length === 0) return
      heap[0] = last
    }
    this.#sink()
  }

  #rise(from: number): void {
    const heap = this.#heap
    for (let i = from; i > 0; ) {
      const parent = (i - 1) >> 1
      if (heap[parent]!.next.at <= heap[i]!.next.at) return
      this.#swap(i, parent)
      i = parent
    }
  }

  #sink(): void {
    const heap = this.#heap
    for (let i = 0; ; ) {
      let least = i
      for (const child of [2 * i + 1, 2 * i + 2])
        if (child < heap.length && heap[child]!.next.at < heap[least]!.next.at) least = child
      if (least === i) return
      this.#swap(i, least)
      i = least
    }
  }

  #swap(one: number, other: number): void {
    const heap = this.#heap
    const kept = heap[one] as Source
    heap[one] = heap[other] as Source
    heap[other] = kept
  }
}
