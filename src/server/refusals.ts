/** Refuses requests that never reach the pipeline. */
import http, { type IncomingMessage, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { ErrorCode } from '../errors.ts'
import { begunHead } from '../platform/begun-head.ts'
import { closeInStages, endInStages, isLast, isLeaving } from '../platform/staged-close.ts'
import { looksForAPage, refusalOf } from './refusal-page.ts'

/** After these errors and timeouts the client can still read a response. */
const fromParser = /^(?:HPE|ERR_HTTP)_/

const ending = new WeakSet<Duplex>()

export function refuseUnreadable(error: NodeJS.ErrnoException, socket: Duplex, pending: ServerResponse | null): void {
  // Earlier complete requests get their responses first: the client would take a 400 for one of them (THREATS F15).
  if (fromParser.test(error.code ?? '') && pending?.req.complete && !pending.writableFinished && !pending.destroyed) {
    if (ending.has(socket)) return
    ending.add(socket)
    pending.once('close', () => endInStages(socket))
    return
  }
  if (pending !== null && pending.socket === null && !pending.writableFinished) {
    socket.destroy()
    return
  }
  // A second response to a request would poison shared connections.
  if (error.code === 'HPE_CLOSED_CONNECTION' || isLast(socket) || isLeaving(socket)) return endInStages(socket)
  // A stalled TLS handshake cannot send a response (THREATS D4), and none follows an incomplete one.
  const isAnswering = pending !== null && !pending.writableFinished && ((socket as Socket).bytesWritten ?? 0) > 0
  if (!fromParser.test(error.code ?? '') || !socket.writable || isAnswering) {
    socket.destroy()
    return
  }
  const code = error.code === 'HPE_HEADER_OVERFLOW' ? 'headers_too_large' : 'bad_request'
  const { rawPacket } = error as { rawPacket?: Buffer }
  const head = begunHead(socket)
  const isHead = head?.isHead ?? rawPacket?.toString('latin1', 0, 5) === 'HEAD '
  refusePlainly(socket, code, looksForAPage(head, rawPacket, code), isHead)
  // A client too slow to send its head gets no staged close (THREATS D4).
  if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT') (socket as Socket).once('finish', () => socket.destroy())
}

export function refuseLate(socket: Duplex, pending: ServerResponse | null, isHead: boolean): void {
  socket.on('error', () => socket.destroy())
  if (pending !== null && !pending.writableFinished && !pending.destroyed)
    pending.once('close', () => endInStages(socket))
  else refusePlainly(socket, 'shutting_down', false, isHead)
}

/** The answer to HEAD has no body (RFC 9110 §9.3.2). */
export function refusePlainly(socket: Duplex, code: ErrorCode, isPage = false, isHead = false): void {
  const { status, headers, body } = refusalOf(code, socket, isPage)
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  socket.end(`HTTP/1.1 ${status} ${http.STATUS_CODES[status]}\r\n${lines.join('')}\r\n${isHead ? '' : body}`)
  endInStages(socket)
}

/** RFC 9110 §10.1.1. */
export function refuseExpectation(request: IncomingMessage, response: ServerResponse): void {
  const { headers, body } = refusalOf('bad_request', response.socket)
  endAfter(request, response)
  response.writeHead(417, headers).end(body)
}

/** The HTTP/1.1 parser lets such requests through, as HTTP/2 does. */
export function refuseUnfit(request: IncomingMessage, response: ServerResponse, code: ErrorCode): void {
  const { accept } = request.headers
  const isPage = accept === undefined ? code === 'headers_too_large' : /text\/html/i.test(accept)
  const { status, headers, body } = refusalOf(code, response.socket, isPage)
  endAfter(request, response)
  response.writeHead(status, headers).end(body)
}

function endAfter({ httpVersionMajor }: IncomingMessage, { socket }: ServerResponse): void {
  if (httpVersionMajor === 1 && socket !== null) closeInStages(socket)
}
