/** HTTP/2 connections. Their requests go into the same pipeline as those of HTTP/1.1. The limits answer the attacks on HTTP/2. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import http2, { type Http2Server, type SecureServerOptions, type ServerHttp2Session } from 'node:http2'
import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import type { ErrorCode } from '../errors.ts'
import { GateHttp2Request } from '../platform/http2-request.ts'
import { GateHttp2Response } from '../platform/http2-response.ts'
import { breakStream } from '../platform/http2-stream.ts'
import { isKnownMethod } from '../request/known-method.ts'

type OnRequest = (request: IncomingMessage, response: ServerResponse) => void

interface Http2SessionsOptions {
  readonly onRequest: (request: IncomingMessage, response: ServerResponse, connection: Socket) => void
  readonly onExpectation: OnRequest
  /** node:http would have refused this request itself. */
  readonly onUnfit: (request: IncomingMessage, response: ServerResponse, code: ErrorCode) => void
  /** In bytes, counted as HTTP/1.1 would write the head. */
  readonly maxHeaderSize: number
  readonly firstRequestMs: number
  readonly idleMs: number
  /** A client must take a part of the waiting bytes in this time. Default: 5 minutes, for paused downloads. */
  readonly stallMs?: number | undefined
}

/** Each request may hold a connection to an app. */
const maxStreams = 32
/** Each cookie may have its own line; the accept step counts joined lines. */
const maxHeaderPairs = 512
/** Bytes that a client may send ahead of the app: of one request, and on the whole connection. */
const streamWindow = 512 * 1024
const sessionWindow = 4 * 1024 * 1024
const stallMs = 300_000
/** The client gets so long to close the TCP connection of an ended session. */
const leaveMs = 2_000
const maxSweepMs = 5_000

const limits = {
  maxHeaderListPairs: maxHeaderPairs,
  /** In megabytes. Waiting answers count too, with up to half a megabyte each. */
  maxSessionMemory: 24,
  maxSessionInvalidFrames: 100,
  maxSessionRejectedStreams: 100,
  maxSettings: 32,
  // Resets by the client: a hundred at once, then ten a second (CVE-2023-44487).
  streamResetBurst: 100,
  streamResetRate: 10,
  // Apps repeat headers that should be single, and browsers accept it.
  strictSingleValueFields: false
}

interface Connection {
  readonly session: ServerHttp2Session
  readonly socket: TLSSocket
  /** Open ones. Each knows its place, so that an end moves the last one there. */
  readonly responses: GateHttp2Response[]
  open: number
  timer: NodeJS.Timeout
  isLeaving: boolean
}

export class Http2Sessions {
  readonly #options: Http2SessionsOptions
  readonly #server: Http2Server
  readonly #connections = new Map<ServerHttp2Session, Connection>()
  readonly #stallMs: number
  #sweep: NodeJS.Timeout | undefined
  #isDraining = false

  constructor(options: Http2SessionsOptions) {
    this.#options = options
    this.#stallMs = options.stallMs ?? stallMs
    const server = http2.createServer({
      ...limits,
      settings: {
        enablePush: false,
        // Chromium would send WebSockets as streams (RFC 8441).
        enableConnectProtocol: false,
        maxConcurrentStreams: maxStreams,
        initialWindowSize: streamWindow,
        // A head beyond `maxHeaderSize` gets 431, one beyond this no answer.
        maxHeaderListSize: options.maxHeaderSize * 2 + maxHeaderPairs * 32
      },
      Http2ServerRequest: GateHttp2Request as never,
      Http2ServerResponse: GateHttp2Response as never
    } as SecureServerOptions)
    const onRequest = (request: unknown, response: unknown) => this.#onRequest(request as never, response as never)
    server.on('request', onRequest).on('checkContinue', onRequest).on('connect', onRequest)
    server.on('checkExpectation', (request, response) => {
      // Node compares letter by letter, and AWS's clients send `100-Continue`.
      if (/^\s*100-continue\s*$/i.test(request.headers.expect ?? '')) return onRequest(request, response)
      options.onExpectation(request as unknown as IncomingMessage, response as unknown as ServerResponse)
    })
    this.#server = server
  }

  take(socket: TLSSocket): void {
    if (socket.destroyed) return
    this.#server.once('session', session => this.#begin(session, socket))
    this.#server.emit('connection', socket)
  }

  /** Requests under way may end (GOAWAY, RFC 9113 §6.8). */
  drain(): void {
    this.#isDraining = true
    for (const connection of this.#connections.values())
      if (connection.open === 0) this.#leave(connection)
      else connection.session.close()
  }

  #begin(session: ServerHttp2Session, socket: TLSSocket): void {
    const { firstRequestMs, idleMs } = this.#options
    const timer = setTimeout(() => this.#leave(connection), firstRequestMs).unref()
    const connection: Connection = { session, socket, responses: [], open: 0, timer, isLeaving: false }
    this.#connections.set(session, connection)
    this.#sweep ??= setInterval(() => this.#checkProgress(), Math.min(maxSweepMs, this.#stallMs / 2)).unref()
    session.on('stream', stream => {
      if (connection.open++ === 0) clearTimeout(connection.timer)
      stream.once('close', () => {
        if (--connection.open > 0) return
        if (session.closed) this.#leave(connection)
        else connection.timer = setTimeout(() => this.#leave(connection), idleMs).unref()
      })
    })
    session.once('close', () => {
      clearTimeout(connection.timer)
      this.#connections.delete(session)
      if (this.#connections.size > 0) return
      clearInterval(this.#sweep)
      this.#sweep = undefined
    })
    session.setLocalWindowSize(sessionWindow)
    if (this.#isDraining) this.#leave(connection)
  }

  /** Node leaves the TCP connection to the client. */
  #leave(connection: Connection): void {
    if (connection.isLeaving) return
    connection.isLeaving = true
    connection.session.close()
    setTimeout(() => connection.socket.destroy(), leaveMs).unref()
  }

  #onRequest(request: IncomingMessage, response: ServerResponse & GateHttp2Response): void {
    const { onRequest, onUnfit, maxHeaderSize } = this.#options
    const { method = '' } = request
    const connection = this.#connections.get(response.stream.session as ServerHttp2Session)
    if (connection !== undefined) response.joins(connection.responses)
    if (sizeOf(request) > maxHeaderSize) onUnfit(request, response, 'headers_too_large')
    else if (!isKnownMethod(method) || method === 'CONNECT') onUnfit(request, response, 'bad_request')
    else onRequest(request, response, connection?.socket ?? request.socket)
  }

  #checkProgress(): void {
    const now = performance.now()
    for (const connection of this.#connections.values()) {
      if (connection.session.destroyed) this.#leave(connection)
      // This is a copy, because a break ends a response at once.
      for (const response of [...connection.responses])
        if (response.stalledFor(now) >= this.#stallMs) breakStream(response.stream)
    }
  }
}

function sizeOf({ method = '', url = '', rawHeaders }: IncomingMessage): number {
  let size = method.length + url.length + ' HTTP/1.1\r\n\r\n'.length
  for (let i = 0; i < rawHeaders.length; i += 2)
    size += (rawHeaders[i] as string).length + (rawHeaders[i + 1] as string).length + 4
  return size
}
