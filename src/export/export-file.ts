/** A file of JSON lines on this machine, for a log shipper. Its owner rotates it. */
import { open } from 'node:fs/promises'
import { openForAppend } from '../audit/open-for-append.ts'
import { type Destination, ExportFailure, reasonOf } from './destination.ts'
import type { Outgoing } from './export-line.ts'

export class ExportFile implements Destination {
  readonly isAcknowledged = true
  readonly #path: string

  constructor(path: string) {
    this.#path = path
  }

  /** It is opened for each batch, so that it may be moved away. */
  async send(lines: readonly Outgoing[]): Promise<void> {
    try {
      const handle = await openForAppend(this.#path)
      try {
        // A full disk or a crash leaves half a line. It is ended, and the line written again.
        const end = (await endsInHalfLine(this.#path)) ? '\n' : ''
        const bytes = Buffer.from(end + lines.map(({ text }) => `${text}\n`).join(''))
        for (let written = 0; written < bytes.length; ) {
          const { bytesWritten } = await handle.write(bytes, written, bytes.length - written)
          if (bytesWritten === 0) throw Object.assign(new Error('the disk took nothing'), { code: 'EIO' })
          written += bytesWritten
        }
        await handle.datasync()
      } finally {
        await handle.close()
      }
    } catch (error) {
      throw new ExportFailure(`the file ${this.#path} cannot be written: ${reasonOf(error)}`)
    }
  }

  async confirm(): Promise<void> {}

  reset(): void {}
}

async function endsInHalfLine(file: string): Promise<boolean> {
  const handle = await open(file, 'r')
  try {
    const found = await handle.stat()
    if (!found.isFile() || found.size === 0) return false
    const { buffer } = await handle.read(Buffer.alloc(1), 0, 1, found.size - 1)
    return buffer[0] !== 0x0a
  } finally {
    await handle.close()
  }
}
