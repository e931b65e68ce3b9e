/**
 * Whose password is hashed next. Owns the lanes: known browsers first, then known networks; strangers have every fourth turn, and what the others
 * leave. Refuses to let anybody wait for long, and to let one network's flood cost another network its turn (THREATS D7).
 */
import { FairLine } from './fair-queue.ts'

/** Where a password comes from. */
export interface HashPlace {
  /** Whether the browser or the network is known to the account; `elsewhere` for strangers. */
  readonly from: 'browser' | 'network' | 'elsewhere'
  readonly address: string
}

interface Waiting {
  readonly place: HashPlace
  readonly timer: NodeJS.Timeout
  readonly resolve: (mayGo: boolean) => void
}

export interface HashTurnsOptions {
  /** So many at a time. */
  readonly concurrency: number
  /** So many strangers wait; of known browsers and of known networks the same number each. */
  readonly queue: number
  /** Whoever has waited this long hears that it is busy. */
  readonly patienceMs?: number
}

/** In a line of 32 nobody waits for long: two hashes at a time take some 2 s for it, on a busy machine perhaps 10. */
const patienceMs = 10_000
/** One turn in so many is the strangers', if any wait. */
const strangersTurn = 4

export class HashTurns {
  readonly #options: HashTurnsOptions
  readonly #lines: Readonly<Record<HashPlace['from'], FairLine<Waiting>>>
  #running = 0
  #turns = 0

  constructor(options: HashTurnsOptions) {
    this.#options = options
    const line = () => new FairLine<Waiting>(options.queue)
    this.#lines = { browser: line(), network: line(), elsewhere: line() }
  }

  /** Whether `enter` would answer false at once. */
  isFullFor({ from, address }: HashPlace): boolean {
    return this.#running >= this.#options.concurrency && this.#lines[from].isFullFor(address)
  }

  /** Waits for a turn; false where there is none. Whoever hears true calls `leave` when done. */
  async enter(place: HashPlace): Promise<boolean> {
    if (this.#running < this.#options.concurrency) {
      this.#running++
      return true
    }
    return new Promise(resolve => {
      const waiting: Waiting = {
        place,
        resolve,
        timer: setTimeout(() => this.#giveUp(waiting), this.#options.patienceMs ?? patienceMs)
      }
      const dropped = this.#lines[place.from].push(place.address, waiting)
      if (dropped !== null) settle(dropped, false)
    })
  }

  /** The turn is handed over, otherwise a newcomer could slip in between. */
  leave(): void {
    const next = this.#next()
    if (next === null) this.#running--
    else settle(next, true)
  }

  #next(): Waiting | null {
    const { browser, network, elsewhere } = this.#lines
    const isStrangersTurn = ++this.#turns % strangersTurn === 0
    const first = isStrangersTurn ? elsewhere.shift() : null
    return first ?? browser.shift() ?? network.shift() ?? elsewhere.shift()
  }

  #giveUp(waiting: Waiting): void {
    this.#lines[waiting.place.from].remove(waiting.place.address, waiting)
    settle(waiting, false)
  }
}

function settle({ timer, resolve }: Waiting, mayGo: boolean): void {
  clearTimeout(timer)
  resolve(mayGo)
}
