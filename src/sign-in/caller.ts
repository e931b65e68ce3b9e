/** Who asks for a step of a sign-in, from where, and on the way to what. */
import type { Principal } from '../session/principal.ts'
import type { Device } from '../session/session.ts'
import type { Origin } from '../throttle/attempt-buckets.ts'
import type { ReturnTo } from './next-step.ts'

export interface Caller extends Origin {
  /** The reference of the request, for the journal. */
  readonly request: string
  /** Milliseconds since the epoch. */
  readonly now: number
  readonly browser: string | null
  /** The secret of the browser in which somebody asked for approval; null for none. */
  readonly asker: string | null
  readonly device: Device
  /** The host that the new token is for. */
  readonly host: string
  /** The sign-in that this browser has; null for none. */
  readonly principal: Principal | null
  readonly returnTo: ReturnTo
}

export type SignedCaller = Caller & { readonly principal: Principal }
