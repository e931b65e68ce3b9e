/** ZIP archives (PKWARE APPNOTE 6.3), written for spreadsheets and read in leaked files. */
import { crc32, deflateRawSync, inflateRawSync } from 'node:zlib'

interface ZipEntry {
  readonly name: string
  readonly content: Buffer
}

const localSignature = 0x04034b50
const centralSignature = 0x02014b50
const endSignature = 0x06054b50
const deflated = 8
/** 1 January 2024, as in DOS. */
const date = ((2024 - 1980) << 9) | (1 << 5) | 1

export function zipOf(entries: readonly ZipEntry[]): Buffer {
  const parts: Buffer[] = []
  const central: Buffer[] = []
  let offset = 0
  for (const { name, content } of entries) {
    const packed = deflateRawSync(content)
    const label = Buffer.from(name)
    const common = Buffer.alloc(26)
    common.writeUInt16LE(20, 0)
    common.writeUInt16LE(deflated, 4)
    common.writeUInt16LE(date, 8)
    common.writeUInt32LE(crc32(content), 10)
    common.writeUInt32LE(packed.length, 14)
    common.writeUInt32LE(content.length, 18)
    common.writeUInt16LE(label.length, 22)
    const local = Buffer.concat([uint32(localSignature), common, label, packed])
    const place = Buffer.alloc(14)
    place.writeUInt32LE(offset, 10)
    central.push(Buffer.concat([uint32(centralSignature), uint16(20), common, place, label]))
    parts.push(local)
    offset += local.length
  }
  const directory = Buffer.concat(central)
  const end = Buffer.alloc(18)
  end.writeUInt16LE(entries.length, 4)
  end.writeUInt16LE(entries.length, 6)
  end.writeUInt32LE(directory.length, 8)
  end.writeUInt32LE(offset, 12)
  return Buffer.concat([...parts, directory, uint32(endSignature), end])
}

export function isZip(file: Buffer): boolean {
  return file.length > 22 && file.readUInt32LE(0) === localSignature
}

/** Up to `most` bytes, without unreadable entries. */
export function unzip(file: Buffer, most: number): Buffer[] {
  const contents: Buffer[] = []
  let left = most
  for (const { at, size, method } of entriesOf(file)) {
    if (left <= 0 || at + 30 > file.length || file.readUInt32LE(at) !== localSignature) continue
    const start = at + 30 + file.readUInt16LE(at + 26) + file.readUInt16LE(at + 28)
    const packed = file.subarray(start, start + size)
    const content = method === 0 ? packed.subarray(0, left) : method === deflated ? inflated(packed, left) : null
    if (content === null) continue
    contents.push(content)
    left -= content.length
  }
  return contents
}

function inflated(packed: Buffer, most: number): Buffer | null {
  try {
    return inflateRawSync(packed, { maxOutputLength: most })
  } catch {
    return null
  }
}

const maxEntries = 10_000

function* entriesOf(file: Buffer): Generator<{ at: number; size: number; method: number }> {
  const end = file.lastIndexOf(uint32(endSignature))
  if (end < 0 || end + 22 > file.length) return
  let at = file.readUInt32LE(end + 16)
  for (let i = 0; i < Math.min(file.readUInt16LE(end + 10), maxEntries); i++) {
    if (at + 46 > file.length || file.readUInt32LE(at) !== centralSignature) return
    yield { at: file.readUInt32LE(at + 42), size: file.readUInt32LE(at + 20), method: file.readUInt16LE(at + 10) }
    at += 46 + file.readUInt16LE(at + 28) + file.readUInt16LE(at + 30) + file.readUInt16LE(at + 32)
  }
}

function uint16(value: number): Buffer {
  const bytes = Buffer.alloc(2)
  bytes.writeUInt16LE(value)
  return bytes
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes
}
