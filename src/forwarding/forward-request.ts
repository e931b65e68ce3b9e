/** The input of forwarding (`ForwardRequest`) and its output (`ForwardObserver`, `ForwardResult`). */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { App } from '../apps/route-table.ts'
import type { Binding } from '../device/binding.ts'
import type { ErrorCode } from '../errors.ts'
import type { Proof } from '../factor/proof.ts'
import type { Unsent } from '../identity/identity-headers.ts'
import type { Flow } from '../metering/flow.ts'
import type { ResponseTap } from '../metering/response-tap.ts'
import type { Permit } from '../policy/decision.ts'
import type { Program } from '../programs/program.ts'
import type { RequestTrace } from '../traces/request-trace.ts'
import type { UpstreamError, UpstreamFailure } from '../upstream/connection.ts'
import type { Oddity } from '../upstream/response-lines.ts'
import type { UpstreamLogin } from '../upstream-login/upstream-login.ts'

export interface ForwardRequest {
  readonly req: IncomingMessage
  readonly res: ServerResponse
  readonly app: App
  readonly target: string
  /** Inside the app, byte for byte; '' for the bare prefix. */
  readonly path: string
  readonly query: string
  readonly permit: Permit
  readonly address: string
  readonly sessionId: string | null
  /** With a program there is no session. */
  readonly program: Program | null
  /** The user of the client's connection: a session id, '' for anonymous; null if several people may share it. */
  readonly visitor: string | null
  readonly affinity: string | null
  /** Milliseconds since the epoch; null for no end. A reload may change it. */
  endsAt: number | null
  readonly sessionEndsAt: number | null
  /** Seconds until an unused session ends; null where nobody asks. */
  readonly sessionLasts: number | null
  readonly proofs: readonly Proof[]
  readonly binding: Binding
  /** `Secure-Session-Registration` for the response. */
  readonly deviceOffer: string | null
  readonly assertion: string | null
  readonly upstreamLogin: UpstreamLogin | null
  readonly flow: Flow | null
  readonly tap: ResponseTap | null
  readonly trace: RequestTrace | null
  readonly observer: ForwardObserver
}

/** Exactly one of `onRefused` and `onEnd` is called, once. */
export interface ForwardObserver {
  /** Before the response is written; from then on nobody else may write. */
  onResponse(status: number): void
  onOddities(oddities: readonly Oddity[]): void
  onUnsent(unsent: readonly Unsent[]): void
  /** The app's own pages or programs may need these removed headers. */
  onRemoved(names: readonly string[]): void
  /** Nothing was written, and the caller answers with `code`. `cause` is for the log. */
  onRefused(code: ErrorCode, cause: unknown, more?: RefusalDetails): void
  onEnd(result: ForwardResult): void
}

export interface RefusalDetails {
  /** No byte of the request has left for the app. */
  readonly isUnsent?: boolean
  readonly cut?: string
  readonly retryAfterSeconds?: number
}

export interface ForwardResult {
  readonly status: number | null
  /** For a WebSocket all bytes after the handshake count. */
  readonly bytesIn: number
  readonly bytesOut: number
  readonly outcome: 'complete' | 'cut'
  /** `client left`, `app broke off`, or the reason given to `end`. */
  readonly cut: string | null
  readonly durationMs: number
}

/** The client repeats the request over HTTP/1.1. */
export const needsHttp11 = 'needs HTTP/1.1'

const refusals: Readonly<Record<UpstreamFailure, ErrorCode>> = {
  connect_failed: 'app_unreachable',
  stale_connection: 'app_unreachable',
  connection_closed: 'app_unreachable',
  timeout: 'app_timeout',
  pool_exhausted: 'app_busy',
  invalid_response: 'app_reply_invalid',
  // Node accepts such a header line, but it must not be written.
  invalid_request: 'bad_request'
}

/** An app that accepts no connection is unreachable, however long that took. */
export function refusalOf({ failure, wasSent }: UpstreamError): ErrorCode {
  return failure === 'timeout' && !wasSent ? 'app_unreachable' : refusals[failure]
}
