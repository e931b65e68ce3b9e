/**
 * How a client's connection ends after an answer that came before its request was whole (RFC 9112 §9.6): answer, half-close, read and drop
 * what still comes, close. A plain close would be a reset, and the client would hear that instead of the answer. Owns the limits of it; a
 * client that never stops is cut.
 */
import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'

/** How much is read and dropped, for how long at most, and how long nothing may come meanwhile. */
const drainBytes = 256 * 1024 * 1024
const drainMs = 30_000
const silenceMs = 5_000

const softened = new WeakSet<Duplex>()
const last = new WeakSet<Duplex>()
const leaving = new WeakSet<Duplex>()

type HttpSocket = Socket & { parser?: { incoming?: { complete: boolean } | null } | null }

/** The answer that is about to be written is the last: what comes behind it is read by nobody, and no request any more. */
export function closeInStages(socket: Duplex): void {
  last.add(socket)
  softenClose(socket)
}

/** True once nothing that comes on it may be answered. */
export function isLast(socket: Duplex): boolean {
  return last.has(socket)
}

/** True while it is only read to its end. */
export function isLeaving(socket: Duplex): boolean {
  return leaving.has(socket)
}

/** However node:http ends this connection, what still comes of a request is read first. `destroySoon` is what it calls after a last answer. */
export function softenClose(socket: Duplex): void {
  const one = socket as HttpSocket
  if (softened.has(one) || typeof one.destroySoon !== 'function') return
  softened.add(one)
  one.destroySoon = () => {
    // Where the last request has arrived whole, nothing is lost with the connection.
    if (!last.has(one) && one.parser?.incoming?.complete === true) closeWhenWritten(one)
    else endInStages(one)
  }
}

/** Ends it now, behind what has been written. */
export function endInStages(socket: Duplex): void {
  if (leaving.has(socket)) return
  leaving.add(socket)
  const cut = () => socket.destroy()
  if (socket.destroyed || socket.readableEnded) return closeWhenWritten(socket)
  if (socket.writable) socket.end()
  let left = drainBytes
  const silence = setTimeout(cut, silenceMs).unref()
  const most = setTimeout(cut, drainMs).unref()
  const drop = (chunk: Buffer) => {
    left -= chunk.length
    if (left < 0) cut()
    else silence.refresh()
  }
  socket.on('data', drop)
  // The parser read it until now: it would make requests of what comes, or hold it back.
  for (const listener of socket.listeners('data'))
    if (listener !== drop) socket.off('data', listener as (chunk: Buffer) => void)
  socket.once('end', () => closeWhenWritten(socket))
  socket.once('close', () => {
    clearTimeout(silence)
    clearTimeout(most)
  })
  socket.resume()
  // The parser reads past the stream, which therefore may wait for a read that nobody has begun.
  socket._read(0)
}

function closeWhenWritten(socket: Duplex): void {
  if (socket instanceof Socket) Socket.prototype.destroySoon.call(socket)
  else socket.destroy()
}
