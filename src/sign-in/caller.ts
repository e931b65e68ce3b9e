/** Who asks for a step of a sign-in, from where, and for which target. */
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
  /** The secret of a browser that has asked for approval. */
  readonly asker: string | null
  readonly device: Device
  /** The host of the new token. */
  readonly host: string
  readonly principal: Principal | null
  /** A sign-in of this browser that does not count, because its device key is not shown. */
  readonly stale?: Principal | null
  /** This request proves the device key, at most a minute old, or the gate asks for no such keys. */
  readonly hasDeviceProof?: boolean
  readonly returnTo: ReturnTo
}

export type SignedCaller = Caller & { readonly principal: Principal }
