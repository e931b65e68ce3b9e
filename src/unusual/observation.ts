/** What the watch is told of each exchange of a person with an app. */

export interface UsageObservation {
  /** Milliseconds since the epoch. */
  readonly at: number
  /** Null for a stranger, of whom nothing is learned. */
  readonly account: string | null
  readonly groups: readonly string[]
  readonly session: string
  readonly sessionStartedAt: number
  readonly app: string
  readonly method: string
  /** The path with the query. */
  readonly path: string
  /** The path to which a COPY or MOVE writes; '' for none. */
  readonly destination: string
  readonly address: string
  readonly userAgent: string | undefined
  /** Names and values in turn, as they came. */
  readonly rawHeaders: readonly string[]
  /** Where and with what the session was begun; null where that is not known. */
  readonly signedInWith: { readonly userAgent: string; readonly address: string } | null
  /** True for a WebSocket: Chromium sends no Fetch Metadata with its handshake. */
  readonly isSocket: boolean
  /** `Sec-Fetch-Dest`, which browsers send and scripts seldom do. */
  readonly fetchDest: string | undefined
  /** Null while the exchange goes on. */
  readonly status: number | null
  /** Body bytes to the person since the last observation of this exchange. */
  readonly bytes: number
  /** True for the first observation of an exchange. */
  readonly isFirst: boolean
  /** True if another site, a prefetch, or a page of which it is a part, may have led the browser there. */
  readonly isLed: boolean
}
