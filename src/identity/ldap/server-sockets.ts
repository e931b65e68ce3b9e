/** The sockets of one connection to a directory server (StartTLS lays one on another), and the limit on received bytes. */
import type { Socket } from 'node:net'

/** The most bytes for all pending questions. */
const maxBurstBytes = 16 * 1024 * 1024

export class ServerSockets {
  readonly #sockets = new Set<Socket>()
  #pending = 0
  /** Since the first pending question. */
  #bytes = 0
  #isOver = false

  /** Closed by the server, or broken. */
  get isOver(): boolean {
    return this.#isOver
  }

  watch<Watched extends Socket>(socket: Watched): Watched {
    const over = () => {
      this.#isOver = true
    }
    this.#sockets.add(socket)
    // The library removes all listeners from a failed socket; a second error would end the process.
    const removeAll = socket.removeAllListeners.bind(socket)
    socket.removeAllListeners = event => {
      removeAll(...(event === undefined ? [] : [event]))
      return socket.on('error', ignore)
    }
    return socket
      .on('data', part => {
        this.#bytes += part.length
        if (this.#bytes > maxBurstBytes) this.destroy(`it sent more than ${maxBurstBytes} bytes`)
      })
      .on('error', ignore)
      .on('end', over)
      .on('close', over)
      .on('close', () => this.#sockets.delete(socket)) as Watched
  }

  /** Its answer counts for the limit. */
  async counted<Answer>(question: () => Promise<Answer>): Promise<Answer> {
    if (this.#pending++ === 0) this.#bytes = 0
    try {
      return await question()
    } finally {
      this.#pending--
    }
  }

  destroy(why: string): void {
    for (const socket of this.#sockets) socket.destroy(new Error(why))
  }
}

function ignore(): void {}
