/** The end of a forwarded request or WebSocket in the journal, the metrics and the list of used apps. */
import { exchangeEvent } from '../../plugins/audit.ts'
import type { Exchange } from '../../plugins/exchange.ts'
import type { ForwardResult } from '../forwarding/forward-request.ts'
import type { Services } from './services.ts'

export function recordEnd(
  exchange: Exchange,
  method: string,
  result: ForwardResult,
  isSocket: boolean,
  runtime: Services
): void {
  const { journal, strangers, metrics, clock, appUse } = runtime
  const { status, bytesIn, bytesOut, outcome, cut, durationMs } = result
  const isCut = outcome === 'cut'
  const end = { method, status, bytesIn, bytesOut, outcome: isCut ? outcome : undefined, cut: isCut ? cut : undefined }
  const now = clock()
  const sink = exchange.principal === null && exchange.program === null ? strangers : journal
  sink.record(exchangeEvent(exchange, isSocket ? 'socket.close' : 'exchange', now, end))
  const { match, principal } = exchange
  if (match.kind !== 'app') return
  metrics.exchange(match.app.id, status ?? 0, durationMs / 1000, bytesIn, bytesOut)
  if (principal !== null) appUse.note(principal.account.id, match.app.id, now)
}
