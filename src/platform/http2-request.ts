/**
 * A request of HTTP/2 in the form of HTTP/1.1 (RFC 9113 §8.3.1): `Host` from `:authority`, one `Cookie` line, and `Transfer-Encoding: chunked` for a body
 * without a length, which HTTP/2 itself forbids and nghttp2 refuses.
 */
import { Http2ServerRequest, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2'
import type { ReadableOptions } from 'node:stream'

const authorityName = ':authority'

export class GateHttp2Request extends Http2ServerRequest {
  /** As `complete` of HTTP/1.1. */
  isWhole: boolean

  constructor(
    stream: ServerHttp2Stream,
    headers: IncomingHttpHeaders,
    options: ReadableOptions,
    rawHeaders: readonly string[]
  ) {
    const { endAfterHeaders } = stream
    super(stream, headers, options, linesOf(headers, rawHeaders, !endAfterHeaders))
    this.isWhole = endAfterHeaders
    if (endAfterHeaders) {
      // Node frees the place of a stream at its end only if the request was read, and else refuses further requests (ENHANCE_YOUR_CALM) until all is written.
      stream.resume()
      return
    }
    // A reset ends the body too, and that body is not complete.
    stream.once('end', () => {
      if (!stream.closed) this.isWhole = true
    })
  }
}

// Node's own is true of aborted requests too. Its types know no accessor.
Object.defineProperty(GateHttp2Request.prototype, 'complete', {
  get(this: GateHttp2Request) {
    return this.isWhole
  }
})

/** Alternating names and values. `headers` changes in the same way. */
function linesOf(headers: IncomingHttpHeaders, raw: readonly string[], hasBody: boolean): string[] {
  const authority = headers[authorityName] as string | undefined
  const lines: string[] = []
  if (authority !== undefined) {
    lines.push('host', authority)
    headers.host = authority
  }
  let cookieAt = -1
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i] as string
    const value = raw[i + 1] as string
    if (name.charCodeAt(0) === 0x3a) continue
    if (name === 'cookie' && cookieAt >= 0) {
      // Each cookie may be a line (RFC 9113 §8.2.3).
      lines[cookieAt] += `; ${value}`
      continue
    }
    // A `Host` that differs from `:authority` stays as a second line, which the accept step refuses.
    if (name === 'host' && value === authority) continue
    if (name === 'cookie') cookieAt = lines.length + 1
    lines.push(name, value)
  }
  if (hasBody && headers['content-length'] === undefined) {
    headers['transfer-encoding'] = 'chunked'
    lines.push('transfer-encoding', 'chunked')
  }
  return lines
}
