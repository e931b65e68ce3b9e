/** Who sends the spans (`Resource` and `InstrumentationScope` of OTLP). */
import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'

/** It ends before the first span. `]}]}]}` ends the request. */
export function requestHead(serviceName: string, version: string): string {
  const attributes = [
    ['service.name', serviceName],
    ['service.version', version],
    ['service.instance.id', randomUUID()],
    ['host.name', hostname()],
    ['telemetry.sdk.name', 'factorgate'],
    ['telemetry.sdk.language', 'nodejs'],
    ['telemetry.sdk.version', version]
  ].map(([key, value]) => ({ key, value: { stringValue: value } }))
  const pid = { key: 'process.pid', value: { intValue: String(process.pid) } }
  const resource = JSON.stringify({ attributes: [...attributes, pid] })
  const scope = JSON.stringify({ name: 'factorgate', version })
  return `{"resourceSpans":[{"resource":${resource},"scopeSpans":[{"scope":${scope},"spans":[`
}
