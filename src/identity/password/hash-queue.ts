/** The queue before the hashes: known browsers, then known networks. Every fourth turn is for unknown places, which also get free turns (THREATS D7). */
import { FairQueue } from './fair-queue.ts'

export interface HashPlace {
  readonly from: 'browser' | 'network' | 'elsewhere'
  readonly address: string
}

interface Waiting {
  readonly place: HashPlace
  readonly timer: NodeJS.Timeout
  readonly resolve: (isMyTurn: boolean) => void
}

interface HashQueueOptions {
  /** Hashes at a time. */
  readonly concurrency: number
  /** Waiting callers in each of the three lanes. */
  readonly queue: number
  /** The answer is `busy` after this wait. */
  readonly maxWaitMs?: number
}

/** A lane of 32 takes some 2 s with two hashes at a time, perhaps 10 s on a busy machine. */
const maxWaitMs = 10_000
const unknownPlaceEvery = 4

export class HashQueue {
  readonly #options: HashQueueOptions
  readonly #lanes: Readonly<Record<HashPlace['from'], FairQueue<Waiting>>>
  #running = 0
  #turns = 0

  constructor(options: HashQueueOptions) {
    this.#options = options
    const lane = () => new FairQueue<Waiting>(options.queue)
    this.#lanes = { browser: lane(), network: lane(), elsewhere: lane() }
  }

  isFullFor({ from, address }: HashPlace): boolean {
    return this.#running >= this.#options.concurrency && this.#lanes[from].isFullFor(address)
  }

  /** False if the queue is full or the wait was too long. After true the caller must call `release`. */
  async acquire(place: HashPlace): Promise<boolean> {
    if (this.#running < this.#options.concurrency) {
      this.#running++
      return true
    }
    return new Promise(resolve => {
      const waiting: Waiting = {
        place,
        resolve,
        timer: setTimeout(() => this.#giveUp(waiting), this.#options.maxWaitMs ?? maxWaitMs)
      }
      const dropped = this.#lanes[place.from].push(place.address, waiting)
      if (dropped !== null) settle(dropped, false)
    })
  }

  /** The next one takes over the turn, otherwise a newcomer could get it first. */
  release(): void {
    const next = this.#next()
    if (next === null) this.#running--
    else settle(next, true)
  }

  #next(): Waiting | null {
    const { browser, network, elsewhere } = this.#lanes
    const isUnknownPlacesTurn = ++this.#turns % unknownPlaceEvery === 0
    const first = isUnknownPlacesTurn ? elsewhere.shift() : null
    return first ?? browser.shift() ?? network.shift() ?? elsewhere.shift()
  }

  #giveUp(waiting: Waiting): void {
    this.#lanes[waiting.place.from].remove(waiting)
    settle(waiting, false)
  }
}

function settle({ timer, resolve }: Waiting, isMyTurn: boolean): void {
  clearTimeout(timer)
  resolve(isMyTurn)
}
