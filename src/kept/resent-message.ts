/** A kept POST as a request that can be judged and forwarded. */
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import { Readable } from 'node:stream'
import { isKeptHeader } from './keepable.ts'

export class ResentMessage extends Readable {
  readonly method: string
  readonly url: string | undefined
  readonly httpVersion: string
  readonly httpVersionMajor: number
  readonly httpVersionMinor: number
  readonly socket: IncomingMessage['socket']
  readonly rawHeaders: string[]
  readonly headers: IncomingHttpHeaders
  readonly complete = true

  /** The POST's headers are `kept`, all others `carrier`'s. */
  constructor(carrier: IncomingMessage, method: string, kept: readonly string[], body: Buffer) {
    super({ read() {} })
    this.method = method
    this.url = carrier.url
    this.httpVersion = carrier.httpVersion
    this.httpVersionMajor = carrier.httpVersionMajor
    this.httpVersionMinor = carrier.httpVersionMinor
    this.socket = carrier.socket
    const others = carrier.rawHeaders.flatMap((name, i) =>
      i % 2 === 0 && !isReplaced(name) ? [name, carrier.rawHeaders[i + 1] as string] : []
    )
    const length = ['Content-Length', String(body.length)]
    this.rawHeaders = [...others, ...kept, ...length]
    const headers: IncomingHttpHeaders = {}
    for (const [name, value] of Object.entries(carrier.headers)) if (!isReplaced(name)) headers[name] = value
    for (let i = 0; i < kept.length; i += 2) headers[(kept[i] as string).toLowerCase()] = kept[i + 1] as string
    headers['content-length'] = String(body.length)
    this.headers = headers
    if (body.length > 0) this.push(body)
    this.push(null)
  }

  asMessage(): IncomingMessage {
    return this as unknown as IncomingMessage
  }
}

function isReplaced(name: string): boolean {
  return isKeptHeader(name) || /^(?:content-length|transfer-encoding|expect)$/i.test(name)
}
