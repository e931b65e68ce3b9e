/**
 * The encrypted backup file: lines in sealed frames under a file key, which the keyring seals. Changed, truncated or
 * joined files are rejected before a wrong line comes out.
 * factorgate backup 1 LF
 * {"created": …, "key": sealed key} LF
 * frames: length (4 bytes), AES-256-GCM ciphertext, tag (16 bytes); the last one is marked
 * The nonce is frame number and mark (STREAM: Hoang, Reyhanitabar, Rogaway, Vizár, 2015), the additional data is the
 * header, so frames cannot be moved or left out.
 */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import type { FileHandle } from 'node:fs/promises'
import type { Keyring } from '../../keyring/keyring.ts'
import { PersonError } from '../command.ts'

const magic = 'factorgate backup 1\n'
const frameBytes = 64 * 1024
const tagBytes = 16
const maxHeaderBytes = 4096
const context = 'backup'

export async function writeSealed(
  file: FileHandle,
  { keyring, createdAt, lines }: { keyring: Keyring; createdAt: number; lines: AsyncIterable<string> }
): Promise<void> {
  const key = randomBytes(32)
  const sealedKey = keyring.seal(key.toString('base64url'), context)
  const header = Buffer.from(
    `${magic}${JSON.stringify({ created: new Date(createdAt).toISOString(), key: sealedKey })}\n`
  )
  await file.writeFile(header)
  let number = 0
  const write = async (plain: Buffer, isLast: boolean) => {
    const cipher = createCipheriv('aes-256-gcm', key, nonceOf(number++, isLast))
    cipher.setAAD(header)
    const length = Buffer.alloc(4)
    length.writeUInt32BE(plain.length)
    await file.writeFile(Buffer.concat([length, cipher.update(plain), cipher.final(), cipher.getAuthTag()]))
  }
  let waiting: Buffer[] = []
  let size = 0
  for await (const line of lines) {
    const bytes = Buffer.from(`${line}\n`)
    waiting.push(bytes)
    size += bytes.length
    if (size < frameBytes) continue
    let rest = Buffer.concat(waiting)
    for (; rest.length >= frameBytes; rest = rest.subarray(frameBytes)) await write(rest.subarray(0, frameBytes), false)
    waiting = [rest]
    size = rest.length
  }
  await write(Buffer.concat(waiting), true)
  await file.sync()
}

/** Throws PersonError if it is no backup, damaged or incomplete, KeyringError if its key is not in the ring. */
export async function* readSealed(file: FileHandle, keyring: Keyring): AsyncGenerator<string> {
  const source = new Source(file)
  const header = await readHeader(source)
  const key = Buffer.from(keyring.open(header.key, context), 'base64url')
  let rest: Buffer<ArrayBufferLike> = Buffer.alloc(0)
  for (let number = 0; ; number++) {
    const length = (await source.take(4)).readUInt32BE()
    if (length > frameBytes) throw damaged()
    const frame = await source.take(length + tagBytes)
    const isLast = await source.isAtEnd()
    rest = Buffer.concat([rest, unseal(frame, key, nonceOf(number, isLast), header.bytes)])
    for (let end = rest.indexOf(0x0a); end >= 0; end = rest.indexOf(0x0a)) {
      yield rest.toString('utf8', 0, end)
      rest = rest.subarray(end + 1)
    }
    if (isLast) break
  }
  if (rest.length > 0) throw damaged()
}

/** When the backup was made, in milliseconds since the epoch. `readSealed` proves it. */
export async function madeAt(file: FileHandle): Promise<number> {
  return (await readHeader(new Source(file))).created
}

async function readHeader(source: Source): Promise<{ bytes: Buffer; key: string; created: number }> {
  const first = await source.takeLine(magic.length).catch(() => null)
  if (first?.toString('latin1') !== magic)
    throw new PersonError("this file is not a backup of 'factorgate store export'")
  const second = await source.takeLine(maxHeaderBytes)
  try {
    const { key, created } = JSON.parse(second.toString('utf8')) as { key?: unknown; created?: unknown }
    if (typeof key === 'string')
      return { bytes: Buffer.concat([first, second]), key, created: Date.parse(String(created)) }
  } catch {
    // Reported below.
  }
  throw damaged()
}

function unseal(frame: Buffer, key: Buffer, nonce: Buffer, header: Buffer): Buffer {
  const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: tagBytes })
  decipher.setAAD(header)
  decipher.setAuthTag(frame.subarray(-tagBytes))
  try {
    return Buffer.concat([decipher.update(frame.subarray(0, -tagBytes)), decipher.final()])
  } catch {
    throw damaged()
  }
}

function nonceOf(number: number, isLast: boolean): Buffer {
  const nonce = Buffer.alloc(12)
  nonce.writeUIntBE(number, 0, 6)
  nonce[11] = isLast ? 1 : 0
  return nonce
}

function damaged(): PersonError {
  return new PersonError('the backup is damaged or incomplete; nothing was imported')
}

/** Reads the file in order. */
class Source {
  readonly #file: FileHandle
  #position = 0
  #buffer: Buffer<ArrayBufferLike> = Buffer.alloc(0)

  constructor(file: FileHandle) {
    this.#file = file
  }

  async take(count: number): Promise<Buffer> {
    while (this.#buffer.length < count) if (!(await this.#fill())) throw damaged()
    const taken = this.#buffer.subarray(0, count)
    this.#buffer = this.#buffer.subarray(count)
    return taken
  }

  /** Reads through the next line feed, which must come within `most` bytes. */
  async takeLine(most: number): Promise<Buffer> {
    for (;;) {
      const end = this.#buffer.indexOf(0x0a)
      if (end >= 0 && end < most) return this.take(end + 1)
      if (this.#buffer.length >= most || !(await this.#fill())) throw damaged()
    }
  }

  async isAtEnd(): Promise<boolean> {
    return this.#buffer.length === 0 && !(await this.#fill())
  }

  async #fill(): Promise<boolean> {
    const { buffer, bytesRead } = await this.#file.read(Buffer.alloc(frameBytes), 0, frameBytes, this.#position)
    this.#position += bytesRead
    this.#buffer = Buffer.concat([this.#buffer, buffer.subarray(0, bytesRead)])
    return bytesRead > 0
  }
}
