/** One entry of a directory. Names of attributes ignore case. */
import type { RawEntry } from './driver.ts'

export class DirectoryEntry {
  readonly dn: string
  readonly #values = new Map<string, readonly (string | Buffer)[]>()

  constructor({ dn, ...attributes }: RawEntry) {
    this.dn = dn
    for (const [name, value] of Object.entries(attributes))
      this.#values.set(name.toLowerCase(), Array.isArray(value) ? value : [value])
  }

  /** The values that are UTF-8 and not empty. */
  texts(attribute: string): string[] {
    return (this.#values.get(attribute.toLowerCase()) ?? []).filter(
      (value): value is string => typeof value === 'string' && value !== ''
    )
  }

  /** The first one, or null. */
  text(attribute: string): string | null {
    return this.texts(attribute)[0] ?? null
  }

  bytes(attribute: string): Buffer[] {
    // ldapts returns bytes as text if they are valid UTF-8.
    return (this.#values.get(attribute.toLowerCase()) ?? []).map(value =>
      typeof value === 'string' ? Buffer.from(value) : value
    )
  }
}

/** Null unless 16 bytes; the first three numbers are little-endian (MS-DTYP §2.3.4). */
export function guidText(bytes: Buffer): string | null {
  if (bytes.length !== 16) return null
  const hex = Buffer.concat([
    Buffer.from(bytes.subarray(0, 4)).reverse(),
    Buffer.from(bytes.subarray(4, 6)).reverse(),
    Buffer.from(bytes.subarray(6, 8)).reverse(),
    bytes.subarray(8)
  ]).toString('hex')
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}

/** Null for other text. */
export function guidBytes(text: string): Buffer | null {
  if (!/^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/.test(text)) return null
  const bytes = Buffer.from(text.replaceAll('-', ''), 'hex')
  bytes.subarray(0, 4).reverse()
  bytes.subarray(4, 6).reverse()
  bytes.subarray(6, 8).reverse()
  return bytes
}
