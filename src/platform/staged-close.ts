/**
 * Closes a client's connection in stages (RFC 9112 §9.6): response, half-close, read and drop up to a limit, close. With a plain close the client would get a
 * reset instead of the response.
 */
import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'

const drainBytes = 256 * 1024 * 1024
const drainMs = 30_000
const silenceMs = 5_000

const last = new WeakSet<Duplex>()
const leaving = new WeakSet<Duplex>()

type HttpSocket = Socket & { parser?: { incoming?: { complete: boolean } | null } | null }

/** Bytes after the next response are dropped and never parsed as a request. */
export function closeInStages(socket: Duplex): void {
  last.add(socket)
  softenClose(socket)
}

/** After `closeInStages`: no further request may be answered. */
export function isLast(socket: Duplex): boolean {
  return last.has(socket)
}

export function isLeaving(socket: Duplex): boolean {
  return leaving.has(socket)
}

/** node:http calls `destroySoon` after a last response. */
export function softenClose(socket: Duplex): void {
  const one = socket as HttpSocket
  if (one.destroySoon === destroySoftly || typeof one.destroySoon !== 'function') return
  one.destroySoon = destroySoftly
}

/** A function and a WeakSet's entry for each connection would cost as much as the rest of tracking it. */
function destroySoftly(this: HttpSocket): void {
  // The last request is complete, so a plain close causes no reset.
  if (!last.has(this) && this.parser?.incoming?.complete === true) closeWhenWritten(this)
  else endInStages(this)
}

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
  // The HTTP parser would parse later bytes as requests, or pause.
  for (const listener of socket.listeners('data'))
    if (listener !== drop) socket.off('data', listener as (chunk: Buffer) => void)
  socket.once('end', () => closeWhenWritten(socket))
  socket.once('close', () => {
    clearTimeout(silence)
    clearTimeout(most)
  })
  socket.resume()
  // The parser reads the handle itself, so the stream may wait for a read that has not started.
  socket._read(0)
}

function closeWhenWritten(socket: Duplex): void {
  if (socket instanceof Socket) Socket.prototype.destroySoon.call(socket)
  else socket.destroy()
}
