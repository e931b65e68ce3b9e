/** The HTTP/2 stream behind a request or response of the pipeline. */
import type { ServerHttp2Stream } from 'node:http2'

/** Node sends no higher status over HTTP/2. */
export const maxStatus = 599

/** Null for HTTP/1.1, also where the request line says `HTTP/2.0`. */
export function streamOf(message: object): ServerHttp2Stream | null {
  return (message as { readonly stream?: ServerHttp2Stream }).stream ?? null
}

/** RST_STREAM with INTERNAL_ERROR shows the client that the response broke off. */
export function breakStream(stream: ServerHttp2Stream): void {
  // `close(code)` ends the body first, so that it looks complete.
  stream.destroy(new Error('the exchange was cut'))
}

/** Nobody reads the rest (RFC 9113 §8.1). */
export function dropRest(stream: ServerHttp2Stream): void {
  if (!stream.destroyed && !stream.closed) stream.close(0)
}

/** In place of a response: the client asks again over HTTP/1.1 (HTTP_1_1_REQUIRED, RFC 9113 §7). */
export function demandHttp11(stream: ServerHttp2Stream): void {
  if (!stream.destroyed && !stream.closed) stream.close(13)
}
