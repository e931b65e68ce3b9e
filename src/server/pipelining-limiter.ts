/**
 * Whose turn it is on a client's connection. Owns how many of its requests are under way at once, their order, the answer that is owed
 * last, and the reading of its socket meanwhile; knows no request. A client may send thousands in one piece, and each would open a
 * connection to an app (THREATS D5).
 */
import type { ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'

/** Browsers have one under way, pipelining programs a few. */
export const mostUnderWay = 8

interface QueuedRequest {
  /** Null for an upgrade, which takes the connection over. */
  readonly response: ServerResponse | null
  readonly begin: () => void
}

interface ConnectionQueue {
  readonly socket: Duplex
  readonly waiting: QueuedRequest[]
  /** The answer to what was read last, while it is owed: a connection that waits for its next request must hold nothing of its last. */
  newest: ServerResponse | null
  underWay: number
  isHeld: boolean
  /** Stops it again where Node lets it go on: an answer that drained does, and so does a body that was read. */
  readonly stop: () => void
}

export class PipeliningLimiter {
  readonly #lanes = new WeakMap<Duplex, ConnectionQueue>()

  /** Begins with a request now, or once enough of those before it have been answered. */
  request(socket: Duplex, response: ServerResponse, begin: () => void): void {
    const lane = this.#laneOf(socket)
    lane.newest = response
    if (lane.waiting.length === 0 && lane.underWay < mostUnderWay) start(lane, response, begin)
    else wait(lane, { response, begin })
  }

  /**
   * Begins with an upgrade now, or once everything before it has been answered: it takes the socket, and Node throws where an answer still
   * has it. Nobody reads the socket by then.
   */
  upgrade(socket: Duplex, begin: () => void): void {
    const lane = this.#laneOf(socket)
    if (lane.underWay === 0) return begin()
    // Node has taken its own listeners off, and an error that nobody hears ends the process.
    socket.on('error', ignore)
    lane.waiting.push({ response: null, begin })
  }

  /** The last of the answers that this connection still gets, if there is one. Answers go out in order, so the others end before it. */
  pendingResponse(socket: Duplex): ServerResponse | null {
    return this.#lanes.get(socket)?.newest ?? null
  }

  /** True from its first request on, or its upgrade. */
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
      // It was the last thing read; what follows it is its own.
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

/**
 * The socket stops, never the parser: one that is paused in the middle of a piece cannot be trusted to end well. So what has been read in
 * that piece waits here, and nothing after it is read. All that is waiting has arrived whole but for the last one's body.
 */
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
