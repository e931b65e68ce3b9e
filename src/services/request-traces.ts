/** Begins the traces of requests. The code is loaded only if traces are configured. */
import type { Config } from '../../config/schema.ts'
import type { AcceptOptions } from '../../plugins/accept.ts'
import type { Services } from './services.ts'

/** Null without traces. */
export async function tracesOf(
  { traces }: Config,
  runtime: Services
): Promise<NonNullable<AcceptOptions['trace']> | null> {
  if (traces === null) return null
  const { Tracing } = await import('./tracing.ts')
  const { requestTraces } = await import('../../plugins/request-trace.ts')
  runtime.tracing ??= new Tracing(runtime)
  return requestTraces({ tracer: runtime.tracing.tracer(traces), path: traces.path })
}
