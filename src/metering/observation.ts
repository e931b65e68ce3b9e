/** What observers, such as the budgets, learn of each exchange with an app. */

/** As they were when the exchange began. */
export interface ObservedPerson {
  readonly account: string
  readonly name: string
  readonly groups: readonly string[]
  /** `token:` and an id for a program. */
  readonly session: string
  readonly token?: string | null
  readonly sessionStartedAt: number
  /** Null if unknown. */
  readonly signedInWith: { readonly userAgent: string; readonly address: string } | null
}

/** A stranger can say anything. */
export interface ObservedClient {
  readonly userAgent: string
  readonly accept: string
  readonly acceptLanguage: string
  /** '' without Fetch Metadata. */
  readonly fetchSite: string
  readonly fetchMode: string
  readonly fetchDest: string
  /** Names and values in turn. */
  readonly rawHeaders: readonly string[]
}

/** The same object in all its observations. */
export interface ObservedExchange {
  readonly reference: string
  /** Null for a stranger. */
  readonly person: ObservedPerson | null
  readonly app: string
  readonly method: string
  /** Inside the app, byte for byte, without the query. */
  readonly path: string
  /** With its question mark. It may hold secrets, so it never goes to the journal. */
  readonly query: string
  /** Of a COPY or MOVE (WebDAV), like `path`; '' for others. */
  readonly destination: string
  readonly address: string
  readonly client: ObservedClient
  readonly isSocket: boolean
  /** See led.ts. */
  readonly isLed: boolean
}

/** `start`: before forwarding. `bytes`: every few seconds or 16 MiB. `refused`: by the gate; nothing follows. */
export type Phase = 'start' | 'bytes' | 'end' | 'refused'

/** Only that of the phase `end` may be kept after the call. */
export interface Observation {
  readonly exchange: ObservedExchange
  readonly phase: Phase
  /** Milliseconds since the epoch. */
  readonly at: number
  /** Bytes of bodies and frames since the last observation. */
  readonly bytesIn: number
  readonly bytesOut: number
  /** True in the first one after `start`. */
  readonly isFirst: boolean
  /** Null before the app has answered. */
  readonly status: number | null
  /** The code of a refusal, or why it was cut. */
  readonly reason: string | null
}

/** Must be quick, and must not throw. */
type Observer = (observation: Observation) => void

export class Observers {
  #all: readonly Observer[] = []

  get isEmpty(): boolean {
    return this.#all.length === 0
  }

  /** Returns a function that removes the observer. */
  add(observer: Observer): () => void {
    this.#all = [...this.#all, observer]
    return () => {
      this.#all = this.#all.filter(other => other !== observer)
    }
  }

  tell(observation: Observation): void {
    const all = this.#all
    for (let i = 0; i < all.length; i++) all[i]!(observation)
  }
}
