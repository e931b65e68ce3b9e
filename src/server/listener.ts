/**
 * The sockets people connect to. Owns the HTTP server, its limits, TLS and the end of it all; knows nothing of what a request
 * means, and hands each to whatever pipeline is current, so that a reload drops no connection.
 */
import http, { type IncomingMessage, type ServerResponse } from 'node:http'
import https from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { TLSSocket } from 'node:tls'
import { pemText } from '../../config/reading/text-sources.ts'
import type { Pipeline } from '../../plugins/forward.ts'
import { strictTransport } from '../../plugins/security-headers.ts'
import { describeError, type ErrorCode } from '../errors.ts'
import { GateRequest } from '../platform/gate-request.ts'
import { closeInStages, endInStages, isLast, isLeaving, softenClose } from '../platform/staged-close.ts'
import { PipeliningLimiter } from './pipelining-limiter.ts'
import { looksForAPage, refusalPage } from './refusal-page.ts'

export interface TlsFiles {
  readonly cert: string
  readonly key: string
}

export interface ListenerOptions {
  /** Bytes of request line and headers together; beyond them 431. */
  readonly maxHeaderSize: number
  /** Paths of PEM files; null for plain HTTP. */
  readonly tls: TlsFiles | null
  /** Default: `headersTimeoutMs`. */
  readonly headersTimeoutMs?: number
}

/**
 * A client has this long to send its headers, and to shake hands (slowloris, THREATS D4). Bodies have no limit here: uploads to apps
 * take hours. What the pages of ours read has one of its own (plugins/portal/forms.ts).
 */
export const headersTimeoutMs = 15_000
const keepAliveTimeoutMs = 72_000
/** Who has connected but asked nothing has this long once we stop: a request may be on its way, a browser's spare connection has none. */
const silentMs = 2_000

export class Listener {
  readonly #server: http.Server | https.Server
  readonly #isTls: boolean
  /** Every TCP connection, upgraded ones too, of which the HTTP server knows nothing; and with TLS what was agreed upon on it. */
  readonly #sockets = new Set<Socket>()
  readonly #turns = new PipeliningLimiter()
  #pipeline: Pipeline
  #closing = false

  /** Throws what reading the TLS files throws. */
  constructor(
    pipeline: Pipeline,
    { maxHeaderSize, tls, headersTimeoutMs: headersMs = headersTimeoutMs }: ListenerOptions
  ) {
    this.#pipeline = pipeline
    this.#isTls = tls !== null
    const options: http.ServerOptions = {
      IncomingMessage: GateRequest as unknown as typeof IncomingMessage,
      maxHeaderSize,
      headersTimeout: headersMs,
      requestTimeout: 0,
      keepAliveTimeout: keepAliveTimeoutMs,
      connectionsCheckingInterval: Math.min(5_000, headersMs),
      insecureHTTPParser: false,
      // Node answers by itself, with no more than a status: the one answer that carries nothing of ours.
      requireHostHeader: true,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: 60_000
    }
    const server =
      tls === null
        ? http.createServer(options)
        : https.createServer({
            ...options,
            ...readPair(tls),
            ALPNProtocols: ['http/1.1'],
            minVersion: 'TLSv1.2',
            handshakeTimeout: headersMs
          })
    // Any other number hides the headers past it from us, but not from the app (CVE-2026-58044); the accept step counts them.
    server.maxHeadersCount = 0
    const turns = this.#turns
    const onRequest = (request: IncomingMessage, response: ServerResponse) => {
      if (this.#closing) response.shouldKeepAlive = false
      turns.request(request.socket, response, () => this.#pipeline.request(request, response))
    }
    server.on('request', onRequest)
    // Whoever asks first (`Expect: 100-continue`) hears the verdict before sending the body: forwarding says "continue".
    server.on('checkContinue', onRequest)
    server.on('checkExpectation', refuseExpectation)
    server.on('upgrade', (request, socket, head) => {
      if (this.#closing) return refuseLate(socket, turns.pendingResponse(socket))
      turns.upgrade(socket, () => {
        // The end may have begun while it waited.
        if (this.#closing) refuseLate(socket, null)
        else this.#pipeline.upgrade(request, socket, head)
      })
    })
    for (const event of ['connection', 'secureConnection']) server.on(event, (socket: Socket) => this.#watch(socket))
    server.on('connect', (_request, socket) => socket.destroy())
    server.on('clientError', (error, socket) => refuseUnreadable(error, socket, turns.pendingResponse(socket)))
    this.#server = server
  }

  /** Resolves to the address bound; rejects with Node's error (`EADDRINUSE`, `EACCES` …). */
  listen(host: string, port: number): Promise<AddressInfo> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen({ host, port }, () => {
        this.#server.off('error', reject)
        resolve(this.#server.address() as AddressInfo)
      })
    })
  }

  /** New requests go to `pipeline`; those under way end where they began. */
  swap(pipeline: Pipeline): void {
    this.#pipeline = pipeline
  }

  /** New connections get the certificate that the files hold now. Throws, and keeps the old one, where they cannot be used. */
  reloadTls(tls: TlsFiles): void {
    if (this.#isTls) (this.#server as https.Server).setSecureContext({ ...readPair(tls), minVersion: 'TLSv1.2' })
  }

  get isClosing(): boolean {
    return this.#closing
  }

  /** Stops accepting; resolves once every request under way has ended, or after `graceMs` by force, whatever a connection has become. */
  async close(graceMs: number): Promise<void> {
    this.#closing = true
    const closed = new Promise<void>(resolve => this.#server.close(() => resolve()))
    for (const socket of this.#sockets) lastAnswer(this.#turns.pendingResponse(socket))
    this.#server.closeIdleConnections()
    // A kept-alive connection becomes idle only when its answer ends.
    const sweep = setInterval(() => this.#server.closeIdleConnections(), 100)
    const isDone = (socket: Socket) => this.#isSilent(socket) || isLeaving(socket)
    const silent = setTimeout(() => this.#destroy(isDone), silentMs)
    const force = setTimeout(() => this.#destroy(() => true), graceMs)
    await closed
    clearInterval(sweep)
    clearTimeout(silent)
    clearTimeout(force)
  }

  #watch(socket: Socket): void {
    this.#sockets.add(socket)
    softenClose(socket)
    socket.once('close', () => this.#sockets.delete(socket))
  }

  #isSilent(socket: Socket): boolean {
    const maySpeak = !this.#isTls || socket instanceof TLSSocket
    return maySpeak && !this.#turns.hasReceivedRequest(socket)
  }

  #destroy(which: (socket: Socket) => boolean): void {
    for (const socket of [...this.#sockets].filter(which)) socket.destroy()
  }
}

function readPair(tls: TlsFiles): { cert: string; key: string } {
  return { cert: pemText(tls.cert), key: pemText(tls.key) }
}

/** What the parser could not read, or not in time: only then is there anybody who could read an answer. */
const fromParser = /^(?:HPE|ERR_HTTP)_/

/** Connections that end with the answers they still owe. */
const ending = new WeakSet<Duplex>()

/** What the parser could not read never becomes a request: one plain answer, then the socket ends. */
function refuseUnreadable(error: NodeJS.ErrnoException, socket: Duplex, owed: ServerResponse | null): void {
  // Whole requests before it get their own answers: a 400 in their place would be read as the answer to the first (THREATS F15).
  if (fromParser.test(error.code ?? '') && owed?.req.complete && !owed.writableFinished && !owed.destroyed) {
    if (ending.has(socket)) return
    ending.add(socket)
    owed.once('close', () => endInStages(socket))
    return
  }
  // Of several requests the last is broken off in the middle: nobody could tell whose answer this is.
  if (owed !== null && owed.socket === null && !owed.writableFinished) {
    socket.destroy()
    return
  }
  // Behind a last answer nothing is a request any more, and nothing is answered: two answers to one request poison whoever shares the connection.
  if (error.code === 'HPE_CLOSED_CONNECTION' || isLast(socket) || isLeaving(socket)) return endInStages(socket)
  // A TLS handshake that stalls ends up here too, and an answer would wait for it for ever (THREATS D4).
  // An answer that is perhaps half written cannot be followed by another; on a kept connection that owes none, it can.
  const isAnswering = owed !== null && !owed.writableFinished && ((socket as Socket).bytesWritten ?? 0) > 0
  if (!fromParser.test(error.code ?? '') || !socket.writable || isAnswering) {
    socket.destroy()
    return
  }
  const code = error.code === 'HPE_HEADER_OVERFLOW' ? 'headers_too_large' : 'bad_request'
  refusePlainly(socket, code, looksForAPage((error as { rawPacket?: Buffer }).rawPacket, code))
  // Who has been too slow to ask has had time enough (THREATS D4).
  if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT') (socket as Socket).once('finish', () => socket.destroy())
}

/** An upgrade after the end has begun: it would outlive every request. */
function refuseLate(socket: Duplex, owed: ServerResponse | null): void {
  socket.on('error', () => socket.destroy())
  if (owed !== null && !owed.writableFinished && !owed.destroyed) owed.once('close', () => endInStages(socket))
  else refusePlainly(socket, 'shutting_down')
}

/** An answer made by hand, where no response exists; then the socket ends. */
function refusePlainly(socket: Duplex, code: ErrorCode, isPage = false): void {
  const { status, headers, body } = refusalOf(code, socket, isPage)
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  socket.end(`HTTP/1.1 ${status} ${http.STATUS_CODES[status]}\r\n${lines.join('')}\r\n${body}`)
  endInStages(socket)
}

/** `Expect:` something that is not `100-continue` (RFC 9110 §10.1.1). */
function refuseExpectation(_request: IncomingMessage, response: ServerResponse): void {
  const { headers, body } = refusalOf('bad_request', response.socket)
  if (response.socket !== null) closeInStages(response.socket)
  response.writeHead(417, headers).end(body)
}

/** An answer that no pipeline makes, with what all of ours carry (plugins/security-headers.ts): nobody knows a host here, but whether there is TLS. */
function refusalOf(code: ErrorCode, socket: Duplex | null, isPage = false) {
  const { status, sentence } = describeError(code)
  const body = isPage ? refusalPage(code) : JSON.stringify({ error: { code, message: sentence } })
  const isEncrypted = (socket as Partial<TLSSocket> | null)?.encrypted === true
  const headers: Record<string, string> = {
    'Factorgate-Error': code,
    ...(isPage
      ? {
          'Content-Type': 'text/html; charset=utf-8',
          'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'"
        }
      : { 'Content-Type': 'application/json' }),
    'X-Content-Type-Options': 'nosniff',
    'X-Frame-Options': 'DENY',
    ...(isEncrypted ? { 'Strict-Transport-Security': strictTransport } : {}),
    'Cache-Control': 'no-store',
    'Content-Length': String(Buffer.byteLength(body)),
    Connection: 'close'
  }
  return { status, headers, body }
}

/** Says on what is not yet under way that nothing may follow it. */
function lastAnswer(response: ServerResponse | null): void {
  if (response?.headersSent === false) response.shouldKeepAlive = false
}
