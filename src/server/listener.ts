/** The HTTP(S) listener: connections, limits, TLS and graceful shutdown. */
import { constants, X509Certificate } from 'node:crypto'
import http, { type IncomingMessage, type ServerResponse } from 'node:http'
import https from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { type SecureContext, type SecureContextOptions, TLSSocket } from 'node:tls'
import { pemText } from '../../config/reading/text-sources.ts'
import type { Pipeline } from '../../plugins/forward.ts'
import { watchHeads } from '../platform/begun-head.ts'
import { GateRequest } from '../platform/gate-request.ts'
import { isLast, isLeaving, softenClose } from '../platform/staged-close.ts'
import { isKnownMethod } from '../request/known-method.ts'
import { type Http2Offer, isHttp2, protocolsFor, takeHttp2 } from './alpn.ts'
import { Http2Sessions } from './http2-sessions.ts'
import { listenAt, placeOf } from './inherited-sockets.ts'
import { IssuedContexts, type IssuedTls, type Pair } from './issued-contexts.ts'
import { PipeliningLimiter } from './pipelining-limiter.ts'
import { type ProxyProtocol, readProxyHeaders } from './proxy-headers.ts'
import { refuseExpectation, refuseLate, refusePlainly, refuseUnfit, refuseUnreadable } from './refusals.ts'
import { clientOf, RequestScheduler } from './request-scheduler.ts'
import { TicketKeys } from './ticket-keys.ts'
import { interceptChallenges } from './tls-challenge.ts'
import { tlsCiphers } from './tls-ciphers.ts'

export interface TlsFiles {
  readonly cert: string
  readonly key: string
  /** PEM files of authorities for client certificates. */
  readonly clientAuthorities?: readonly string[]
}

export interface ListenerOptions {
  /** Bytes of request line and headers. Beyond it a request gets 431. */
  readonly maxHeaderSize: number
  /** Null for plain HTTP. */
  readonly tls: TlsFiles | IssuedTls | null
  readonly headersTimeoutMs?: number
  readonly proxyProtocol?: ProxyProtocol | null
  /** Processes with the same keys resume each other's TLS tickets. Default: keys of its own. */
  readonly ticketKeys?: TicketKeys | undefined
  /** Over TLS alone. */
  readonly http2?: Http2Offer
  /** The time in which an HTTP/2 client must take a part of what waits. */
  readonly stallMs?: number
}

/**
 * Time for the head of a request and for the TLS handshake (slowloris, THREATS D4). Uploads may take hours, so bodies have no limit; the portal's forms have
 * one (plugins/portal/forms.ts).
 */
export const headersTimeoutMs = 15_000
const keepAliveTimeoutMs = 72_000
/** At shutdown, a new connection has so long for its first request. */
const silentMs = 2_000

export class Listener {
  readonly #server: http.Server | https.Server
  readonly #isTls: boolean
  /** All TCP connections. Node's server does not track upgraded ones. */
  readonly #sockets = new Set<Socket>()
  readonly #limiter = new PipeliningLimiter()
  readonly #scheduler = new RequestScheduler()
  #tls: TlsFiles | IssuedTls | null
  /** Read once: a new certificate must not fail with a file of authorities. */
  #authorities: readonly string[]
  readonly #issued: IssuedContexts | null
  #pipeline: Pipeline
  #closing = false
  readonly #http2: Http2Sessions | null

  constructor(pipeline: Pipeline, options: ListenerOptions) {
    const { tls, proxyProtocol = null, ticketKeys = new TicketKeys() } = options
    this.#pipeline = pipeline
    this.#isTls = tls !== null
    this.#tls = tls
    this.#authorities = tls === null ? [] : authoritiesOf(tls)
    this.#issued =
      tls !== null && 'source' in tls
        ? new IssuedContexts(tls.source, pair => commonOptions(pair, this.#authorities))
        : null
    const server = this.#newServer(options)
    this.#server = server
    if (tls !== null) ticketKeys.giveTo(server as https.Server)
    if (tls !== null && 'source' in tls) tls.source.onChange(() => this.#renewContext())
    this.#takeRequests()
    this.#http2 = this.#newHttp2(options)
    if (tls !== null && 'source' in tls && tls.challenges !== null) interceptChallenges(server, tls.challenges)
    if (proxyProtocol !== null) readProxyHeaders(server, proxyProtocol)
    // Last, so that the end of the gate also ends connections whose first bytes are awaited.
    this.#trackConnections()
  }

  #newServer({
    maxHeaderSize,
    tls,
    headersTimeoutMs: headersMs = headersTimeoutMs,
    http2 = false
  }: ListenerOptions): http.Server | https.Server {
    const options: http.ServerOptions = {
      IncomingMessage: GateRequest as unknown as typeof IncomingMessage,
      maxHeaderSize,
      headersTimeout: headersMs,
      requestTimeout: 0,
      keepAliveTimeout: keepAliveTimeoutMs,
      connectionsCheckingInterval: Math.min(5_000, headersMs),
      insecureHTTPParser: false,
      // Node's own refusal would lack the gate's headers, so the accept step refuses.
      requireHostHeader: false,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: 60_000
    }
    const server =
      tls === null
        ? http.createServer(options)
        : https.createServer({
            ...options,
            ...contextOf(tls, this.#authorities),
            ...clientRequest(tls),
            ...protocolsFor(http2),
            handshakeTimeout: headersMs,
            ...this.#choice()
          })
    // Any other number hides further headers from the checks, but not from the app (CVE-2026-58044). The accept step counts headers.
    server.maxHeadersCount = 0
    return server
  }

  #takeRequests(): void {
    const server = this.#server
    const limiter = this.#limiter
    const onRequest = (request: IncomingMessage, response: ServerResponse) => {
      if (this.#closing) response.shouldKeepAlive = false
      limiter.request(request.socket, response, () => {
        if (isKnownMethod(request.method)) this.#begin(request, response, request.socket)
        else if (!isLast(request.socket)) refuseUnfit(request, response, 'bad_request')
      })
    }
    server.on('request', onRequest)
    // The request is judged before the client sends the body; forwarding sends 100.
    server.on('checkContinue', onRequest)
    server.on('checkExpectation', refuseExpectation)
    server.on('upgrade', (request, socket, head) => {
      const isHead = request.method === 'HEAD'
      if (this.#closing) return refuseLate(socket, limiter.pendingResponse(socket), isHead)
      limiter.upgrade(socket, () => {
        if (this.#closing) refuseLate(socket, null, isHead)
        else if (!isKnownMethod(request.method)) refusePlainly(socket, 'bad_request')
        else this.#pipeline.upgrade(request, socket, head)
      })
    })
    server.on('connect', (_request, socket) => socket.destroy())
    server.on('clientError', (error, socket) => refuseUnreadable(error, socket, limiter.pendingResponse(socket)))
  }

  #newHttp2({
    tls,
    http2 = false,
    maxHeaderSize,
    headersTimeoutMs: headersMs = headersTimeoutMs,
    stallMs
  }: ListenerOptions): Http2Sessions | null {
    if (tls === null || http2 === false) return null
    const sessions = new Http2Sessions({
      onRequest: (request, response, socket) => this.#begin(request, response, socket),
      onExpectation: refuseExpectation,
      onUnfit: refuseUnfit,
      maxHeaderSize,
      firstRequestMs: headersMs,
      idleMs: keepAliveTimeoutMs,
      stallMs
    })
    return takeHttp2(this.#server, sessions)
  }

  #trackConnections(): void {
    const sockets = this.#sockets
    const forget = function (this: Socket) {
      sockets.delete(this)
    }
    this.#server.on('connection', (socket: Socket) => this.#track(socket, forget, !this.#isTls))
    if (this.#isTls) this.#server.on('secureConnection', (socket: TLSSocket) => this.#track(socket, forget, true))
  }

  /** Rejects with Node's error (`EADDRINUSE` …). `fd`: a descriptor of systemd. */
  listen(host: string, port: number, fd?: number): Promise<AddressInfo> {
    return listenAt(this.#server, placeOf(host, port, fd))
  }

  swap(pipeline: Pipeline): void {
    this.#pipeline = pipeline
  }

  /** For new connections. If the certificate is unusable, this throws and keeps the old one. */
  reloadTls(tls: TlsFiles | IssuedTls): void {
    // A change between files and ACME needs a restart.
    if (this.#tls === null || 'source' in this.#tls !== 'source' in tls) return
    const authorities = authoritiesOf(tls)
    this.#useContext(contextOf(tls, authorities))
    this.#tls = tls
    this.#authorities = authorities
    this.#issued?.forget()
    // Node reads these two at each new connection.
    Object.assign(this.#server, clientRequest(tls))
  }

  #renewContext(): void {
    if (this.#tls !== null) this.#useContext(contextOf(this.#tls, this.#authorities))
  }

  #useContext(context: SecureContextOptions): void {
    const server = this.#server as https.Server
    const keys = server.getTicketKeys()
    server.setSecureContext(context)
    // A new context has other keys, and would refuse everybody's tickets.
    server.setTicketKeys(keys)
  }

  #choice(): https.ServerOptions {
    const issued = this.#issued
    if (issued === null) return {}
    return {
      SNICallback(name, done) {
        let context: SecureContext | undefined
        try {
          context = issued.for(name.toLowerCase().replace(/\.$/, ''))
        } catch (error) {
          return done(error as Error)
        }
        done(null, context)
      }
    }
  }

  /** A client that has left meanwhile gets nothing. */
  #begin(request: IncomingMessage, response: ServerResponse, socket: Socket): void {
    this.#scheduler.schedule(clientOf(socket), socket, () => {
      if (!response.destroyed && !socket.destroyed) this.#pipeline.request(request, response)
    })
  }

  get isClosing(): boolean {
    return this.#closing
  }

  /** Resolves once all requests have ended; after `graceMs` it destroys every connection. */
  async close(graceMs: number): Promise<void> {
    this.#closing = true
    const closed = new Promise<void>(resolve => this.#server.close(() => resolve()))
    this.#http2?.drain()
    for (const socket of this.#sockets) lastAnswer(this.#limiter.pendingResponse(socket))
    this.#server.closeIdleConnections()
    const sweep = setInterval(() => this.#server.closeIdleConnections(), 100)
    const isDone = (socket: Socket) => this.#isSilent(socket) || isLeaving(socket)
    const silent = setTimeout(() => this.#destroy(isDone), silentMs)
    const force = setTimeout(() => this.#destroy(() => true), graceMs)
    await closed
    clearInterval(sweep)
    clearTimeout(silent)
    clearTimeout(force)
  }

  /** `speaksHttp` is false for the TCP connection under TLS. */
  #track(socket: Socket, forget: (this: Socket) => void, speaksHttp: boolean): void {
    this.#sockets.add(socket)
    if (speaksHttp && !isHttp2(socket)) {
      softenClose(socket)
      watchHeads(socket)
    }
    socket.on('close', forget)
  }

  #isSilent(socket: Socket): boolean {
    const maySpeak = !this.#isTls || socket instanceof TLSSocket
    return maySpeak && !isHttp2(socket) && !this.#limiter.hasReceivedRequest(socket)
  }

  #destroy(which: (socket: Socket) => boolean): void {
    for (const socket of [...this.#sockets].filter(which)) socket.destroy()
  }
}

function contextOf(tls: TlsFiles | IssuedTls, authorities: readonly string[]): SecureContextOptions {
  const pair = 'source' in tls ? tls.source.main : { cert: pemText(tls.cert), key: pemText(tls.key) }
  return commonOptions(pair, authorities)
}

function commonOptions(pair: Pair | null, authorities: readonly string[]): SecureContextOptions {
  const ours = pair === null ? {} : { cert: pair.cert, key: pair.key }
  const context = { ...ours, minVersion: 'TLSv1.2', ciphers: tlsCiphers } as const
  if (authorities.length === 0) return context
  return {
    ...context,
    ca: [...authorities],
    // An intermediate authority may be named without its root.
    allowPartialTrustChain: true,
    // A resumed session shows no certificate anew, so a new card would stay hidden.
    secureOptions: constants.SSL_OP_NO_TICKET
  }
}

/** Throws for an unusable file, which OpenSSL would take for no authority at all. */
function authoritiesOf({ clientAuthorities = [] }: TlsFiles | IssuedTls): string[] {
  return clientAuthorities.map(file => {
    const text = pemText(file)
    try {
      new X509Certificate(text)
    } catch (error) {
      throw new Error(`${file} holds no certificate that can be read: ${(error as Error).message}`)
    }
    return text
  })
}

/** Never rejected: the sign-in's page tells what is wrong with a certificate, and apps are open to others. */
function clientRequest({ clientAuthorities = [] }: TlsFiles | IssuedTls): {
  requestCert: boolean
  rejectUnauthorized: false
} {
  return { requestCert: clientAuthorities.length > 0, rejectUnauthorized: false }
}

function lastAnswer(response: ServerResponse | null): void {
  if (response?.headersSent === false) response.shouldKeepAlive = false
}
