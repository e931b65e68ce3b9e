/** Limits the pipelined requests of one connection, otherwise thousands of them would open as many upstream connections (THREATS D5). */
import type { ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'

/** Browsers send one at a time. */
export const maxConcurrent = 8

interface QueuedRequest {
  /** Null for an upgrade. */
  readonly response: ServerResponse | null
  readonly begin: () => void
}

interface ConnectionQueue {
  readonly socket: Duplex
  readonly waiting: QueuedRequest[]
  newest: ServerResponse | null
  active: number
  isPaused: boolean
  /** Pauses the socket again when Node resumes it. */
  readonly stop: () => void
}

export class PipeliningLimiter {
  readonly #queues = new WeakMap<Duplex, ConnectionQueue>()

  request(socket: Duplex, response: ServerResponse, begin: () => void): void {
    const queue = this.#queueOf(socket)
    queue.newest = response
    if (queue.waiting.length === 0 && queue.active < maxConcurrent) start(queue, response, begin)
    else wait(queue, { response, begin })
  }

  /** Waits for every earlier response, because Node throws if one still has the socket. */
  upgrade(socket: Duplex, begin: () => void): void {
    const queue = this.#queueOf(socket)
    if (queue.active === 0) return begin()
    // Node has removed its error listener, and an unhandled error would end the process.
    socket.on('error', ignore)
    queue.waiting.push({ response: null, begin })
  }

  /** Earlier responses end before it. */
  pendingResponse(socket: Duplex): ServerResponse | null {
    return this.#queues.get(socket)?.newest ?? null
  }

  hasReceivedRequest(socket: Duplex): boolean {
    return this.#queues.has(socket)
  }

  #queueOf(socket: Duplex): ConnectionQueue {
    const known = this.#queues.get(socket)
    if (known !== undefined) return known
    const queue: ConnectionQueue = {
      socket,
      waiting: [],
      newest: null,
      active: 0,
      isPaused: false,
      stop: () => {
        if (queue.isPaused) socket.pause()
      }
    }
    this.#queues.set(socket, queue)
    return queue
  }
}

function start(queue: ConnectionQueue, response: ServerResponse, begin: () => void): void {
  queue.active++
  response.once('close', () => {
    queue.active--
    if (queue.newest === response) queue.newest = null
    startNext(queue)
  })
  begin()
}

function startNext(queue: ConnectionQueue): void {
  if (queue.socket.destroyed || !queue.socket.writable) queue.waiting.length = 0
  while (queue.waiting.length > 0 && queue.active < maxConcurrent) {
    const { response, begin } = queue.waiting[0] as QueuedRequest
    if (response === null) {
      if (queue.active > 0) return
      queue.waiting.length = 0
      release(queue, false)
      if (queue.socket.writable) begin()
      return
    }
    queue.waiting.shift()
    start(queue, response, begin)
  }
  if (queue.waiting.length === 0) release(queue, true)
}

/** The parser may not resume correctly within a chunk, so the socket is paused. */
function wait(queue: ConnectionQueue, queued: QueuedRequest): void {
  queue.waiting.push(queued)
  if (queue.isPaused) return
  queue.isPaused = true
  queue.socket.pause()
  queue.socket.on('resume', queue.stop)
}

function release(queue: ConnectionQueue, isRead: boolean): void {
  if (!queue.isPaused) return
  queue.isPaused = false
  queue.socket.off('resume', queue.stop)
  if (isRead && !queue.socket.destroyed) queue.socket.resume()
}

function ignore(): void {}
