/** What the watch is told of each exchange of a person with an app. */

export interface UsageObservation {
  readonly at: number
  /** Null for a stranger. */
  readonly account: string | null
  readonly groups: readonly string[]
  readonly session: string
  readonly sessionStartedAt: number
  readonly app: string
  readonly method: string
  /** The query is part of it. */
  readonly path: string
  /** The target of a COPY or MOVE; '' for others. */
  readonly destination: string
  readonly address: string
  readonly userAgent: string | undefined
  /** Names and values in turn. */
  readonly rawHeaders: readonly string[]
  /** The client at the sign-in; null if unknown. */
  readonly signedInWith: { readonly userAgent: string; readonly address: string } | null
  /** Chromium sends no Fetch Metadata with a WebSocket's handshake. */
  readonly isSocket: boolean
  readonly fetchDest: string | undefined
  /** Null while it goes on. */
  readonly status: number | null
  /** Bytes to the person since the last observation. */
  readonly bytes: number
  readonly isFirst: boolean
  /** True if another site, a prefetch, or an embedding page may have caused it. */
  readonly isLed: boolean
}
