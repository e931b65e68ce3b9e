/** A collector for OTLP/HTTP JSON in this process. It reads each batch strictly, and answers by a script. */
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Test } from 'tap'

export interface SeenSpan {
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId?: string
  readonly name: string
  /** 1 internal, 2 server, 3 client. */
  readonly kind: number
  readonly flags: number
  readonly startTimeUnixNano: string
  readonly endTimeUnixNano: string
  readonly isError: boolean
  readonly attributes: Readonly<Record<string, string | number>>
}

export interface Collector {
  readonly endpoint: string
  readonly spans: SeenSpan[]
  readonly resources: Readonly<Record<string, string | number>>[]
  readonly requests: http.IncomingMessage[]
  /** Every body as text. */
  readonly bodies: string[]
  /** Resolves when this many spans, or one for which `test` is true, have come. */
  until(test: number | ((span: SeenSpan) => boolean)): Promise<SeenSpan>
  /** Resolves when this many requests have come. */
  asked(requests: number): Promise<void>
  /** Replaces the script; null takes everything. */
  script: ((response: http.ServerResponse, index: number) => boolean) | null
}

interface Attribute {
  readonly key: string
  readonly value: { readonly stringValue?: string; readonly intValue?: string }
}

export async function startCollector(t: Test, script: Collector['script'] = null): Promise<Collector> {
  const waiting = new Set<() => void>()
  const wake = () => {
    for (const one of waiting) one()
  }
  const wait = <T>(ready: () => T | undefined) =>
    new Promise<T>(resolve => {
      const look = () => {
        const found = ready()
        if (found === undefined) return
        waiting.delete(look)
        resolve(found)
      }
      waiting.add(look)
      look()
    })
  const collector: Omit<Collector, 'endpoint'> = {
    spans: [],
    resources: [],
    requests: [],
    bodies: [],
    script,
    until: test =>
      wait(() =>
        typeof test === 'number'
          ? collector.spans.length >= test
            ? collector.spans[test - 1]
            : undefined
          : collector.spans.find(test)
      ),
    asked: requests => wait(() => (collector.requests.length >= requests ? null : undefined)).then(() => {})
  }
  const server = http.createServer(async (request, response) => {
    let text = ''
    for await (const part of request) text += part
    collector.requests.push(request)
    collector.bodies.push(text)
    const isTaken = collector.script?.(response, collector.requests.length) ?? true
    if (isTaken) {
      read(text, collector)
      if (!response.headersSent) response.writeHead(200, { 'content-type': 'application/json' })
      if (!response.writableEnded) response.end('{}')
    }
    wake()
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  return Object.assign(collector, { endpoint: `http://127.0.0.1:${port}/v1/traces` })
}

function read(text: string, collector: Pick<Collector, 'spans' | 'resources'>): void {
  const { resourceSpans } = JSON.parse(text)
  for (const { resource, scopeSpans } of resourceSpans) {
    collector.resources.push(attributesOf(resource.attributes))
    for (const { spans } of scopeSpans)
      for (const { attributes, status, ...span } of spans)
        collector.spans.push({ ...span, isError: status?.code === 2, attributes: attributesOf(attributes) })
  }
}

function attributesOf(list: readonly Attribute[]): Record<string, string | number> {
  const pairs = list.map(({ key, value }) => {
    if (value.stringValue === undefined && !/^-?\d+$/.test(value.intValue ?? '')) throw new Error(`no value: ${key}`)
    return [key, value.stringValue ?? Number(value.intValue)] as const
  })
  return Object.fromEntries(pairs)
}
