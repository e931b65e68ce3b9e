/** The HTTP/2 stream behind a request or response of the pipeline, which is written for HTTP/1.1. */
import type { ServerHttp2Stream } from 'node:http2'

/** The highest status that Node sends over HTTP/2. */
export const maxStatus = 599

/** Null for HTTP/1.1, also where the request line says `HTTP/2.0`. */
export function streamOf(message: object): ServerHttp2Stream | null {
  return (message as { readonly stream?: ServerHttp2Stream }).stream ?? null
}

/** Ends this exchange alone, so that the client sees that the response broke off (RST_STREAM with INTERNAL_ERROR). */
export function breakStream(stream: ServerHttp2Stream): void {
  // `close(code)` ends the body first, so that it looks complete.
  stream.destroy(new Error('the exchange was cut'))
}

/** Tells a client whose response is complete that nobody reads the rest of its request (RFC 9113 §8.1). */
export function dropRest(stream: ServerHttp2Stream): void {
  if (!stream.destroyed && !stream.closed) stream.close(0)
}

/** Makes the client ask again over HTTP/1.1, in place of a response (HTTP_1_1_REQUIRED, RFC 9113 §7). */
export function demandHttp11(stream: ServerHttp2Stream): void {
  if (!stream.destroyed && !stream.closed) stream.close(13)
}
