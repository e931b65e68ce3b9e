/**
 * Syslog over TLS (RFC 5425) or TCP (RFC 6587). Without acknowledgements, the gate ends its side of the connection from time to time and
 * waits for the server's end: then the server has read everything before. After a reset it has not.
 */
import type net from 'node:net'
import { setImmediate as turn } from 'node:timers/promises'
import { connectTo } from './connect.ts'
import { type Destination, ExportFailure, reasonOf, type TlsFiles } from './destination.ts'
import type { Outgoing } from './export-line.ts'
import { octetCounted, type SyslogSender, syslogMessage } from './syslog-message.ts'
import { readTlsFiles } from './tls-files.ts'

export interface SyslogStreamOptions {
  readonly host: string
  readonly port: number
  /** Null for TCP in the clear. */
  readonly tls: TlsFiles | null
  readonly sender: SyslogSender
  readonly timeoutMs?: number
}

const usualTimeoutMs = 30_000

interface Connection {
  readonly socket: net.Socket
  /** Resolves when the server ends it after the gate. Rejects with its failure. */
  readonly ended: Promise<void>
}

export class SyslogStream implements Destination {
  readonly isAcknowledged = false
  readonly #options: SyslogStreamOptions
  #connection: Connection | null = null
  /** Sockets that are not closed, also those being opened, or waiting for the server's end. */
  readonly #sockets = new Set<net.Socket>()
  #resets = 0

  constructor(options: SyslogStreamOptions) {
    this.#options = options
  }

  async send(lines: readonly Outgoing[]): Promise<void> {
    this.#connection ??= await this.#connect()
    const connection = this.#connection
    const frames = lines.map(line => octetCounted(syslogMessage(line, this.#options.sender)))
    const written = new Promise<void>(resolve => connection.socket.write(frames.join(''), error => error ?? resolve()))
    await this.#inTime(Promise.race([written, connection.ended]), 'take the lines')
  }

  async confirm(): Promise<void> {
    const connection = this.#connection
    if (connection === null) return
    this.#connection = null
    // Lets an end that the server has already sent come first.
    await turn()
    await turn()
    connection.socket.end()
    try {
      await this.#inTime(connection.ended, 'end the connection after the gate, so it may not have read the last lines')
    } finally {
      connection.socket.destroy()
    }
  }

  reset(): void {
    this.#resets++
    for (const socket of this.#sockets) socket.destroy()
    this.#connection = null
  }

  async #connect(): Promise<Connection> {
    const { host, port, tls } = this.#options
    const resets = this.#resets
    const trust = tls === null ? null : await readTlsFiles(tls)
    if (resets !== this.#resets) throw new ExportFailure('the gate has ended the connection')
    const { socket, opened } = connectTo({ host, port, trust, allowHalfOpen: true })
    this.#sockets.add(socket)
    socket.once('close', () => this.#sockets.delete(socket))
    const connection: Connection = { socket, ended: endOf(socket) }
    const open = new Promise<void>(resolve => socket.once(opened, resolve))
    try {
      await this.#inTime(Promise.race([open, connection.ended]), 'take the connection')
    } catch (error) {
      socket.destroy()
      throw error
    }
    // Syslog servers say nothing, but only reading shows their end.
    socket.resume()
    socket.setKeepAlive(true, 30_000)
    return connection
  }

  async #inTime(work: Promise<void>, words: string): Promise<void> {
    const { timeoutMs = usualTimeoutMs } = this.#options
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new ExportFailure(`the syslog server did not ${words}`)), timeoutMs)
    })
    try {
      await Promise.race([work, late])
    } finally {
      clearTimeout(timer)
    }
  }
}

/** Resolves when the server ends the connection after the gate. Before that, it may not have read the last lines. */
function endOf(socket: net.Socket): Promise<void> {
  const ended = new Promise<void>((resolve, reject) => {
    let isEnded = false
    const fail = (message: string) => reject(new ExportFailure(message))
    socket.once('end', () => {
      if (socket.writableEnded) isEnded = true
      else fail('the syslog server ended the connection')
      // With allowHalfOpen a socket closes only after both ends.
      socket.end()
    })
    socket.once('error', error => fail(`the syslog server cannot be reached: ${reasonOf(error)}`))
    socket.once('close', () => (isEnded ? resolve() : fail('the syslog server cut the connection')))
  })
  // A failure between two calls is found by the next one.
  ended.catch(() => {})
  return ended
}
