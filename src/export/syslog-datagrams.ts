/** Syslog over UDP (RFC 5426), for networks that have nothing else: nobody knows what arrives. */
import { createSocket, type Socket } from 'node:dgram'
import { lookup } from 'node:dns/promises'
import { type Destination, ExportFailure, reasonOf } from './destination.ts'
import type { Outgoing } from './export-line.ts'
import { datagramOf, type SyslogSender, syslogMessage } from './syslog-message.ts'

interface SyslogDatagramOptions {
  readonly host: string
  readonly port: number
  readonly sender: SyslogSender
}

export class SyslogDatagrams implements Destination {
  readonly isAcknowledged = true
  readonly #options: SyslogDatagramOptions
  #socket: Socket | null = null

  constructor(options: SyslogDatagramOptions) {
    this.#options = options
  }

  async send(lines: readonly Outgoing[]): Promise<void> {
    const { host, port, sender } = this.#options
    try {
      const { address, family } = await lookup(host)
      const socket = this.#open(family === 6 ? 'udp6' : 'udp4')
      for (const line of lines)
        await new Promise<void>((resolve, reject) =>
          socket.send(datagramOf(syslogMessage(line, sender)), port, address, error =>
            error === null ? resolve() : reject(error)
          )
        )
    } catch (error) {
      throw new ExportFailure(`the syslog server cannot be reached: ${reasonOf(error)}`)
    }
  }

  async confirm(): Promise<void> {}

  reset(): void {
    this.#socket?.close()
    this.#socket = null
  }

  #open(type: 'udp4' | 'udp6'): Socket {
    if (this.#socket !== null) return this.#socket
    const socket = createSocket(type)
    // The answer that a port is closed comes here. UDP promises nothing, so it is no failure.
    socket.on('error', () => {})
    this.#socket = socket
    return socket
  }
}
