/** What watches the exchanges of one gate, composed for the pipeline. */
import type { IncomingMessage } from 'node:http'
import type { Exchange } from '../../plugins/exchange.ts'
import type { WatchedFlows } from '../../plugins/forward.ts'
import { observedExchange } from '../../plugins/observed-exchange.ts'
import { describeError, type ErrorCode } from '../errors.ts'
import { ObservedFlow } from '../metering/observed-flow.ts'
import type { Services } from './services.ts'

export interface Watching {
  readonly flows: WatchedFlows
  /** A refusal or a challenge of the gate. */
  onRefusal(code: string, exchange: Exchange, request: IncomingMessage): void
}

export function watchingOf({ observers, clock }: Pick<Services, 'observers' | 'clock'>): Watching {
  return {
    flows: { open: observed => (observers.isEmpty ? null : new ObservedFlow(observed, observers, clock)) },
    onRefusal(code, exchange, request) {
      if (observers.isEmpty) return
      const observed = observedExchange(exchange, request, request.headers.upgrade !== undefined)
      if (observed === null) return
      const { status } = describeError(code as ErrorCode)
      observers.tell({
        exchange: observed,
        phase: 'refused',
        at: clock(),
        bytesIn: 0,
        bytesOut: 0,
        status,
        reason: code
      })
    }
  }
}
