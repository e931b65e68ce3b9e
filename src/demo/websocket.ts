/**
 * The server's side of a WebSocket (RFC 6455): text both ways, ping, close. It closes after unmasked, oversized and malformed frames (§7),
 * and never sends binary.
 */
import { createHash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'

const maxMessageBytes = 64 * 1024

const opcode = { continuation: 0, text: 1, close: 8, ping: 9, pong: 10 } as const

function frame(kind: number, payload: Buffer): Buffer {
  const head =
    payload.length < 126
      ? Buffer.from([0x80 | kind, payload.length])
      : payload.length < 65_536
        ? Buffer.from([0x80 | kind, 126, payload.length >> 8, payload.length & 255])
        : Buffer.concat([Buffer.from([0x80 | kind, 127, 0, 0, 0, 0]), uint32(payload.length)])
  return Buffer.concat([head, payload])
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

function isWellFormed(text: Buffer): boolean {
  return Buffer.from(text.toString('utf8'), 'utf8').equals(text)
}

/** §7.4.1: 1004 to 1006 and 1015 are never sent. */
function isCloseCode(code: number): boolean {
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1011) || (code >= 3000 && code <= 4999)
}

interface Options {
  /** Chosen if the client offers it. */
  readonly protocol: string
  readonly onText: (text: string, peer: WebSocketPeer) => void
  readonly onEnd: () => void
}

/** Returns null after a plain 400 or 426 for anything but a handshake of version 13. */
export function acceptWebSocket(
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  options: Options
): WebSocketPeer | null {
  socket.on('error', () => socket.destroy())
  const { headers } = request
  const key = headers['sec-websocket-key']
  if (headers.upgrade?.toLowerCase() !== 'websocket' || key === undefined || !/^[A-Za-z0-9+/]{22}==$/.test(key)) {
    socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n')
    return null
  }
  if (headers['sec-websocket-version'] !== '13') {
    socket.end(
      'HTTP/1.1 426 Upgrade Required\r\nSec-WebSocket-Version: 13\r\nConnection: close\r\nContent-Length: 0\r\n\r\n'
    )
    return null
  }
  const offered = (headers['sec-websocket-protocol'] ?? '').split(',').map(name => name.trim())
  // The GUID of RFC 6455 §1.3.
  const proof = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64')
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${proof}\r\n` +
      `${offered.includes(options.protocol) ? `Sec-WebSocket-Protocol: ${options.protocol}\r\n` : ''}\r\n`
  )
  return new WebSocketPeer(socket, head, options)
}

class WebSocketPeer {
  readonly #socket: Duplex
  readonly #options: Options
  #isOver = false
  #buffer: Buffer
  /** The parts of an incomplete message; null between messages. */
  #message: Buffer[] | null = null

  constructor(socket: Duplex, head: Buffer, options: Options) {
    this.#socket = socket
    this.#buffer = head
    this.#options = options
    socket.on('data', (bytes: Buffer) => {
      this.#buffer = Buffer.concat([this.#buffer, bytes])
      this.#drain()
    })
    socket.on('end', () => socket.end())
    socket.on('close', () => {
      this.#isOver = true
      options.onEnd()
    })
    this.#drain()
  }

  send(text: string): void {
    if (!this.#isOver) this.#socket.write(frame(opcode.text, Buffer.from(text, 'utf8')))
  }

  /** RFC 6455 §7.4: 1000 is a normal end, 1001 going away. */
  close(code: number): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#socket.end(frame(opcode.close, Buffer.from([code >> 8, code & 255])))
  }

  #drain(): void {
    while (!this.#isOver && this.#takeFrame());
  }

  /** False if the frame is incomplete, or the last. */
  #takeFrame(): boolean {
    const buffer = this.#buffer
    if (buffer.length < 2) return false
    const first = buffer[0]!
    const second = buffer[1]!
    const kind = first & 15
    const isFinal = (first & 0x80) !== 0
    // No extension was negotiated, so reserved bits are an error (§5.2); a client's frames are masked (§5.1).
    if ((first & 0x70) !== 0 || (second & 0x80) === 0) return this.#refuse(1002)
    let length = second & 127
    let at = 2
    if (length === 126) {
      if (buffer.length < 4) return false
      length = buffer.readUInt16BE(2)
      at = 4
    } else if (length === 127) return this.#refuse(1009)
    if (kind >= 8 && (!isFinal || length > 125)) return this.#refuse(1002)
    const before = this.#message?.reduce((sum, part) => sum + part.length, 0) ?? 0
    if (length + before > maxMessageBytes) return this.#refuse(1009)
    if (buffer.length < at + 4 + length) return false
    const mask = buffer.subarray(at, at + 4)
    const payload = Buffer.from(buffer.subarray(at + 4, at + 4 + length))
    for (let i = 0; i < payload.length; i++) payload[i]! ^= mask[i & 3]!
    this.#buffer = buffer.subarray(at + 4 + length)
    return this.#take(kind, isFinal, payload)
  }

  #take(kind: number, isFinal: boolean, payload: Buffer): boolean {
    if (kind === opcode.close) {
      const code = payload.length >= 2 ? payload.readUInt16BE(0) : 1000
      this.close(isCloseCode(code) ? code : 1002)
      return false
    }
    if (kind === opcode.ping) this.#socket.write(frame(opcode.pong, payload))
    if (kind === opcode.ping || kind === opcode.pong) return true
    const isExpected = this.#message === null ? kind === opcode.text : kind === opcode.continuation
    if (!isExpected) return this.#refuse(1002)
    this.#message = [...(this.#message ?? []), payload]
    if (!isFinal) return true
    const whole = Buffer.concat(this.#message)
    this.#message = null
    if (!isWellFormed(whole)) return this.#refuse(1007)
    this.#options.onText(whole.toString('utf8'), this)
    return true
  }

  #refuse(code: number): false {
    this.close(code)
    return false
  }
}
