/** The listener for plain http: it answers ACME's http-01 challenges and redirects everything else to https. */
import http, { type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import type { ErrorCode } from '../errors.ts'
import { listenAt, placeOf } from './inherited-sockets.ts'
import { type ProxyProtocol, readProxyHeaders } from './proxy-headers.ts'

export interface PlainHttpInput {
  /** Where plain http leads for each host. Asked at each request, because a reload changes them. */
  readonly sites: () => ReadonlyMap<string, string>
  /** Null if no challenge with this token is pending. */
  readonly challenge?: (token: string) => Promise<string | null>
  /** True while a redirect to this host would lead to an error, because there is no certificate. */
  readonly lacksCertificate?: (hostname: string) => boolean
  readonly maxHeaderSize: number
  readonly requestTimeoutMs?: number
  readonly proxyProtocol?: ProxyProtocol | null
}

const requestTimeoutMs = 10_000
const keepAliveTimeoutMs = 5_000
/** Nobody needs more for a redirect (THREATS D4). */
const maxConnections = 1000
const maxRequests = 32
const challengePath = /^\/\.well-known\/acme-challenge\/([A-Za-z0-9_-]{1,256})$/

export class PlainHttp {
  readonly #server: http.Server
  readonly #input: PlainHttpInput
  readonly #sockets = new Set<Socket>()

  constructor(input: PlainHttpInput) {
    this.#input = input
    const timeoutMs = input.requestTimeoutMs ?? requestTimeoutMs
    this.#server = http.createServer({
      maxHeaderSize: input.maxHeaderSize,
      headersTimeout: timeoutMs,
      requestTimeout: timeoutMs,
      keepAliveTimeout: keepAliveTimeoutMs,
      connectionsCheckingInterval: Math.min(1_000, timeoutMs),
      insecureHTTPParser: false,
      // Node's own refusal would lack the gate's headers.
      requireHostHeader: false
    })
    this.#server.maxConnections = maxConnections
    this.#server.maxRequestsPerSocket = maxRequests
    this.#server.on('request', (request, response) => void this.#answer(request, response))
    // There is no `100 Continue`, because nobody wants the body.
    this.#server.on('checkContinue', (request, response) => void this.#answer(request, response))
    this.#server.on('checkExpectation', refuseExpectation)
    this.#server.on('clientError', ({ code }: NodeJS.ErrnoException, socket) => {
      // A second answer to one request could be taken for that of another.
      if (!socket.writable || (socket as Socket).bytesWritten > 0) return socket.destroy()
      const answer =
        code === 'HPE_HEADER_OVERFLOW'
          ? '431 Request Header Fields Too Large\r\nFactorgate-Error: headers_too_large'
          : '400 Bad Request\r\nFactorgate-Error: bad_request'
      socket.end(`HTTP/1.1 ${answer}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
    })
    if (input.proxyProtocol != null) readProxyHeaders(this.#server, input.proxyProtocol)
    this.#server.on('connection', socket => {
      this.#sockets.add(socket)
      // A client that does not take its answer is cut.
      socket.setTimeout(timeoutMs + keepAliveTimeoutMs, () => socket.destroy())
      socket.once('close', () => this.#sockets.delete(socket))
    })
  }

  /** Rejects with Node's error (`EADDRINUSE` …). `fd`: a descriptor of systemd. */
  listen(host: string, port: number, fd?: number): Promise<AddressInfo> {
    return listenAt(this.#server, placeOf(host, port, fd))
  }

  close(): Promise<void> {
    const closed = new Promise<void>(resolve => this.#server.close(() => resolve()))
    for (const socket of this.#sockets) socket.destroy()
    return closed
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const hasBody =
      request.headers['content-length'] !== undefined || request.headers['transfer-encoding'] !== undefined
    // The body stays unread.
    if (hasBody) response.setHeader('connection', 'close')
    const token = challengePath.exec(request.url ?? '')?.[1]
    if (token !== undefined && (request.method === 'GET' || request.method === 'HEAD')) {
      const answer = await (this.#input.challenge?.(token) ?? Promise.resolve(null)).catch(() => null)
      if (answer !== null) return send(response, 200, { 'content-type': 'application/octet-stream' }, answer)
    }
    this.#redirect(request, response)
  }

  #redirect({ url = '', method, headers }: IncomingMessage, response: ServerResponse): void {
    const asked = targetOf(url, headers.host)
    if (asked === null) return send(response, 400, refused('bad_request'), 'This request cannot be understood.\n')
    const hostname = hostnameOf(asked.host)
    // The redirect leads only to a site of the configuration (THREATS K9).
    const origin = this.#input.sites().get(hostname)
    if (origin === undefined)
      return send(response, 404, refused('misdirected'), 'There is no site of this name here.\n')
    if (this.#input.lacksCertificate?.(hostname) === true)
      return send(
        response,
        503,
        { ...refused(noCertificate), 'retry-after': '30', 'cache-control': 'no-store' },
        'This site has no certificate yet. The gate is getting one. Please try again in a minute.\n'
      )
    const isSafe = method === 'GET' || method === 'HEAD'
    send(response, isSafe ? 301 : 308, { location: `${origin}${asked.path}` }, '')
  }
}

/** Of several ports of one host the usual one counts, then the first. */
export function redirectsOf(
  sites: readonly { readonly secure: boolean; readonly hostname: string; readonly origin: string }[]
): Map<string, string> {
  const origins = new Map<string, string>()
  for (const { secure, hostname, origin } of sites) {
    const known = origins.get(hostname)
    if (secure && (known === undefined || (new URL(known).port !== '' && new URL(origin).port === '')))
      origins.set(hostname, origin)
  }
  return origins
}

/** From the origin or absolute form (RFC 9112 §3.2); null for any other. */
function targetOf(url: string, host: string | undefined): { host: string; path: string } | null {
  if (url.startsWith('/')) return host === undefined ? null : { host, path: url }
  const [, authority, path = ''] = /^http:\/\/([^/?#@]+)([/?].*)?$/i.exec(url) ?? []
  return authority === undefined ? null : { host: authority, path: path.startsWith('/') ? path : `/${path}` }
}

function hostnameOf(host: string): string {
  return host.toLowerCase().replace(/:\d*$/, '').replace(/\.$/, '')
}

const plain = { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff' }

/** The host has no certificate yet. Only this listener answers with this code, and there is no page for it. */
const noCertificate = 'no_certificate'

function refused(code: ErrorCode | typeof noCertificate): http.OutgoingHttpHeaders {
  return { ...plain, 'factorgate-error': code }
}

/** RFC 9110 §10.1.1. */
function refuseExpectation(_request: IncomingMessage, response: ServerResponse): void {
  send(response, 417, { ...refused('bad_request'), connection: 'close' }, 'This request cannot be understood.\n')
}

function send(response: ServerResponse, status: number, headers: http.OutgoingHttpHeaders, body: string): void {
  if (response.destroyed) return
  response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) })
  response.end(response.req.method === 'HEAD' ? undefined : body)
}
