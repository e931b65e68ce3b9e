/** What forwarding is given and what it answers: the request, the right to forward it, and who wants to hear how it ended. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { App } from '../apps/route-table.ts'
import type { ErrorCode } from '../errors.ts'
import type { Proof } from '../factor/proof.ts'
import type { Permit } from '../policy/decision.ts'
import type { UpstreamFailure } from '../upstream/connection.ts'
import type { Oddity } from '../upstream/response-lines.ts'

/** One request to be forwarded. Without a Permit there is none. */
export interface ForwardRequest {
  readonly req: IncomingMessage
  readonly res: ServerResponse
  readonly app: App
  /** Of the request line, as it came. */
  readonly target: string
  /** Literal bytes of the path inside the app. */
  readonly path: string
  /** With its '?', or ''. */
  readonly query: string
  readonly permit: Permit
  /** The client's address. */
  readonly address: string
  /** Whose session opened it; null for nobody's. */
  readonly sessionId: string | null
  /** Who speaks on the client's connection: a session's id, '' for nobody's; null where several people may share that connection. */
  readonly visitor: string | null
  /** When the right to it ends, milliseconds since the epoch; null where only the session says. New rules may change it. */
  endsAt: number | null
  /** When the session itself ends; null for nobody's. */
  readonly sessionEndsAt: number | null
  /** What had been proved when it was permitted. */
  readonly proofs: readonly Proof[]
  /** Value of `X-Factorgate-Assertion`, or null. */
  readonly assertion: string | null
  readonly observer: ForwardObserver
}

/** Hears of one errand. Exactly one of `refused` and `ended` is called, once. */
export interface ForwardObserver {
  /** The app's reply is about to be written: nobody else may write any more. */
  onResponse(status: number): void
  /** The app's reply was put right before it was passed on. */
  onOddities(oddities: readonly Oddity[]): void
  /** Nothing was written. `code` is for the person, `cause` for the log; `cut` says why it was ended before the app answered. */
  onRefused(code: ErrorCode, cause: unknown, cut?: string): void
  onEnd(summary: ForwardResult): void
}

export interface ForwardResult {
  /** The app's status; null where the client left before there was one. */
  readonly status: number | null
  /** Body bytes from the client, and to it. Of a WebSocket all bytes after the handshake. */
  readonly bytesIn: number
  readonly bytesOut: number
  readonly outcome: 'complete' | 'cut'
  /** Why it was cut: `client left`, `app broke off`, or the reason the connection was ended with. */
  readonly cut: string | null
  readonly durationMs: number
}

/** What to tell the person when there is no reply to pass on. */
export const refusals: Readonly<Record<UpstreamFailure, ErrorCode>> = {
  refused: 'app_unreachable',
  stale: 'app_unreachable',
  broken: 'app_unreachable',
  late: 'app_timeout',
  busy: 'app_busy',
  unfit: 'app_reply_invalid',
  // A header line that Node read but nobody may write.
  unspeakable: 'bad_request'
}
