/** Who asks, from where, and where they are going: the plain values that every use-case of a sign-in takes. */
import type { Principal } from '../session/principal.ts'
import type { Device } from '../session/session.ts'
import type { Origin } from '../throttle/attempt-buckets.ts'
import type { Way } from './next-step.ts'

export interface Caller extends Origin {
  /** The reference of the request, for the journal. */
  readonly request: string
  /** Milliseconds since the epoch. */
  readonly now: number
  /** The mark of a known browser, where it came along. */
  readonly browser: string | null
  readonly device: Device
  /** The host that the new token is for. */
  readonly host: string
  /** Whoever this browser is signed in as; null for nobody. */
  readonly principal: Principal | null
  readonly way: Way
}

/** Somebody who has shown a first factor at least. */
export type SignedCaller = Caller & { readonly principal: Principal }
