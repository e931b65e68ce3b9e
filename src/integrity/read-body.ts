/** Reads a response's body: HTML and SVG, or JavaScript. */
import { hash } from 'node:crypto'
import { codeShape } from './code-shape.ts'
import { decodeBody, decodeText, maxDecodedBytes } from './decode-body.ts'
import { type Mark, markValue } from './mark.ts'
import { OwnAddresses, type PageAddress } from './own-addresses.ts'
import { percentDecoded } from './path-shape.ts'
import { type PageReading, readPage } from './read-page.ts'

export type BodyKind = 'page' | 'script'

export interface Body {
  readonly kind: BodyKind
  readonly bytes: Uint8Array
  readonly isWhole: boolean
  readonly coding: string
  readonly contentType: string
  readonly address: PageAddress
}

const nothing: PageReading = { marks: [], links: [], skeleton: '', structure: null, elements: [], generator: null }

/** Null for what is no page. Never rejects. */
export async function readBody({
  kind,
  bytes,
  isWhole,
  coding,
  contentType,
  address
}: Body): Promise<PageReading | null> {
  const shown = await decodeBody(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength), coding)
  const texts = shown.map(decoded => decodeText(decoded, contentType))
  if (kind === 'script') return readScript(texts, isWhole, address)
  const isAll = isWhole && shown.every(({ length }) => length < maxDecodedBytes)
  const readings = texts.filter(text => /<[a-z!?]/i.test(text)).map(text => readPage(text, address, isAll))
  return readings.reduce<PageReading | null>(joined, null)
}

/** Browsers may show different pages; the result has the marks of all. */
function joined(one: PageReading | null, other: PageReading): PageReading {
  if (one === null) return other
  const more = other.elements.length > one.elements.length ? other : one
  return { ...more, marks: [...one.marks, ...other.marks], links: [...one.links, ...other.links] }
}

/** A mark for what the file does, and one for each origin. */
function readScript(texts: readonly string[], isWhole: boolean, address: PageAddress): PageReading {
  const own = new OwnAddresses(address)
  const shapes = texts.map(text => codeShape(text))
  const statements = new Set(shapes.flatMap(shape => [...shape.statements]))
  const origins = new Set(shapes.flatMap(shape => [...shape.origins]))
  const content = hash('sha1', [...statements].sort().join(), 'base64url').slice(0, 8)
  const path = markValue(percentDecoded(new URL(address.url).pathname).slice(0, 180))
  // Chance decides how much of a longer file was read.
  if (!isWhole) return nothing
  const foreign = [...origins].filter(origin => !own.isOwn(origin))
  const marks: Mark[] = foreign.map(origin => ({ kind: 'names', value: markValue(origin) }))
  return { ...nothing, marks: [...marks, { kind: 'file', value: `${path} ${content}` }] }
}
