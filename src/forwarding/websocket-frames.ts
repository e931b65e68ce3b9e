/** Tracks WebSocket frame boundaries (RFC 6455 §5.2), and builds the Close frame. */

export class FrameBoundary {
  #payloadLeft = 0
  readonly #header = new Uint8Array(14)
  #headerLength = 0
  readonly #view = new DataView(this.#header.buffer)

  get isBetweenFrames(): boolean {
    return this.#payloadLeft === 0 && this.#headerLength === 0
  }

  feed(chunk: Uint8Array): void {
    const end = chunk.length
    let at = 0
    while (at < end) {
      // Fast path for a complete short frame.
      if (this.#payloadLeft === 0 && this.#headerLength === 0 && at + 1 < end) {
        const length = chunk[at + 1] as number
        if (length < 126 && at + 2 + length <= end) {
          at += 2 + length
          continue
        }
      }
      if (this.#payloadLeft > 0) {
        const taken = Math.min(this.#payloadLeft, end - at)
        this.#payloadLeft -= taken
        at += taken
        continue
      }
      this.#header[this.#headerLength++] = chunk[at++] as number
      if (this.#headerLength < this.#headerSize()) continue
      this.#payloadLeft = this.#payloadLength()
      this.#headerLength = 0
    }
  }

  #headerSize(): number {
    if (this.#headerLength < 2) return 2
    const second = this.#header[1] as number
    const short = second & 0x7f
    return 2 + (short === 126 ? 2 : short === 127 ? 8 : 0) + (second & 0x80 ? 4 : 0)
  }

  #payloadLength(): number {
    const short = this.#view.getUint8(1) & 0x7f
    if (short === 126) return this.#view.getUint16(2)
    return short === 127 ? Number(this.#view.getBigUint64(2)) : short
  }
}

/** A server's frame is unmasked. */
export function closeFrame(code: number, reason: string): Buffer {
  const text = Buffer.from(reason, 'utf8').subarray(0, 123)
  const frame = Buffer.alloc(4 + text.length)
  frame[0] = 0x88
  frame[1] = 2 + text.length
  frame.writeUInt16BE(code, 2)
  text.copy(frame, 4)
  return frame
}
