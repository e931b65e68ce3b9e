/**
 * Limits and orders the pipelined requests of a client connection, and pauses its socket meanwhile: thousands of
 * pipelined requests would open as many upstream connections (THREATS D5).
 */
import type { ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'

/** Browsers send one at a time, pipelining clients a few. */
export const mostUnderWay = 8

interface QueuedRequest {
  /** The response; null for an upgrade, which takes the connection over. */
  readonly response: ServerResponse | null
  readonly begin: () => void
}

interface ConnectionQueue {
  readonly socket: Duplex
  readonly waiting: QueuedRequest[]
  /** The newest pending response; cleared to free its memory. */
  newest: ServerResponse | null
  underWay: number
  isHeld: boolean
  /** Pauses the socket again when Node resumes it by itself. */
  readonly stop: () => void
}

export class PipeliningLimiter {
  readonly #lanes = new WeakMap<Duplex, ConnectionQueue>()

  /** Starts the request now, or once enough earlier ones are answered. */
  request(socket: Duplex, response: ServerResponse, begin: () => void): void {
    const lane = this.#laneOf(socket)
    lane.newest = response
    if (lane.waiting.length === 0 && lane.underWay < mostUnderWay) start(lane, response, begin)
    else wait(lane, { response, begin })
  }

  /** Starts the upgrade once every earlier request is answered: Node throws if a response still has the socket. */
  upgrade(socket: Duplex, begin: () => void): void {
    const lane = this.#laneOf(socket)
    if (lane.underWay === 0) return begin()
    // Node has removed its listeners, and an unhandled error would end the process.
    socket.on('error', ignore)
    lane.waiting.push({ response: null, begin })
  }

  /** The last pending response, or null. Responses go out in order, so the others end before it. */
  pendingResponse(socket: Duplex): ServerResponse | null {
    return this.#lanes.get(socket)?.newest ?? null
  }

  hasReceivedRequest(socket: Duplex): boolean {
    return this.#lanes.has(socket)
  }

  #laneOf(socket: Duplex): ConnectionQueue {
    const known = this.#lanes.get(socket)
    if (known !== undefined) return known
    const lane: ConnectionQueue = {
      socket,
      waiting: [],
      newest: null,
      underWay: 0,
      isHeld: false,
      stop: () => {
        if (lane.isHeld) socket.pause()
      }
    }
    this.#lanes.set(socket, lane)
    return lane
  }
}

function start(lane: ConnectionQueue, response: ServerResponse, begin: () => void): void {
  lane.underWay++
  response.once('close', () => {
    lane.underWay--
    if (lane.newest === response) lane.newest = null
    goOn(lane)
  })
  begin()
}

function goOn(lane: ConnectionQueue): void {
  if (lane.socket.destroyed || !lane.socket.writable) lane.waiting.length = 0
  while (lane.waiting.length > 0 && lane.underWay < mostUnderWay) {
    const { response, begin } = lane.waiting[0] as QueuedRequest
    if (response === null) {
      if (lane.underWay > 0) return
      lane.waiting.length = 0
      letGo(lane, false)
      if (lane.socket.writable) begin()
      return
    }
    lane.waiting.shift()
    start(lane, response, begin)
  }
  if (lane.waiting.length === 0) letGo(lane, true)
}

/** Queues a request. The socket is paused, not the parser, which may not resume cleanly within a chunk. */
function wait(lane: ConnectionQueue, turn: QueuedRequest): void {
  lane.waiting.push(turn)
  if (lane.isHeld) return
  lane.isHeld = true
  lane.socket.pause()
  lane.socket.on('resume', lane.stop)
}

function letGo(lane: ConnectionQueue, isRead: boolean): void {
  if (!lane.isHeld) return
  lane.isHeld = false
  lane.socket.off('resume', lane.stop)
  if (isRead && !lane.socket.destroyed) lane.socket.resume()
}

function ignore(): void {}
