/** What observers learn of each exchange with an app while it runs. The budgets and the watch on people are such observers. */

/** The person who asks; their account, session and groups as they were when the exchange began. */
export interface ObservedPerson {
  readonly account: string
  readonly name: string
  readonly groups: readonly string[]
  /** For a program: `token:` and the token's id. */
  readonly session: string
  /** The id of a program's token; null or left out for a person. */
  readonly token?: string | null
  /** Milliseconds since the epoch. */
  readonly sessionStartedAt: number
  /** Where and with what the session was begun; null where that is not known. */
  readonly signedInWith: { readonly userAgent: string; readonly address: string } | null
}

/** What a client says of itself. A stranger can say anything. */
export interface ObservedClient {
  readonly userAgent: string
  readonly accept: string
  readonly acceptLanguage: string
  /** Fetch Metadata; '' where the client sends none. */
  readonly fetchSite: string
  readonly fetchMode: string
  readonly fetchDest: string
  /** Names and values in turn, as they came. */
  readonly rawHeaders: readonly string[]
}

/** One request or WebSocket. The same object is in every observation of it. */
export interface ObservedExchange {
  /** The reference of the journal. */
  readonly reference: string
  /** Null for a stranger. */
  readonly person: ObservedPerson | null
  readonly app: string
  readonly method: string
  /** Inside the app, byte for byte, without the query. */
  readonly path: string
  /** The query with its question mark; '' for none. It may hold secrets, so it is only compared and never written to the journal. */
  readonly query: string
  /** The path inside the app to which a COPY or MOVE writes (WebDAV's `Destination`), without the query; '' for none. */
  readonly destination: string
  readonly address: string
  readonly client: ObservedClient
  readonly isSocket: boolean
  /** True if another site, or a prefetch, may have led the browser there. Anybody can send such headers. */
  readonly isLed: boolean
}

/**
 * `start`: the exchange is permitted and about to be forwarded. `bytes`: a long exchange goes on (every few seconds or 16 MiB). `end`: it is
 * over. `refused`: the gate has answered with a refusal or a challenge; such an exchange has only this observation.
 */
export type Phase = 'start' | 'bytes' | 'end' | 'refused'

/** Observers may keep an observation of the phase `end`. Any other is valid only during the call. */
export interface Observation {
  readonly exchange: ObservedExchange
  readonly phase: Phase
  /** Milliseconds since the epoch. */
  readonly at: number
  /** Bytes of bodies and frames since the last observation of this exchange. */
  readonly bytesIn: number
  readonly bytesOut: number
  /** True in the first one after `start`. */
  readonly isFirst: boolean
  /** Null before the app has answered. */
  readonly status: number | null
  /** The error code of a refusal, or why an exchange was cut. */
  readonly reason: string | null
}

/** Must be quick, and must not throw. */
type Observer = (observation: Observation) => void

/** The observers of one process. */
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
