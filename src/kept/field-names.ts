/**
 * The names of the fields in a body. Strangers choose bodies, so each character is read a fixed number of times (THREATS D21), and collections are
 * bounded.
 */
import type { BodyType } from './content.ts'
import { FieldPairs, type PairPlace, pairPlaceOf } from './field-pairs.ts'
import { fieldsOfJson, type JsonField } from './json-fields.ts'
import { partsOf } from './multipart.ts'
import { namesInNested, nestedIn } from './nested-names.ts'
import { bytesOfForm, isReadable, likeliestSpelling, spellingsOf } from './spellings.ts'

export interface FormField {
  /** The first is shown. */
  readonly names: readonly string[]
  /** Set for one of two fields that belong together. */
  readonly pair: PairPlace | null
  /** Null for a field. */
  readonly file: string | null
  /** The value can hold nothing else. */
  readonly isPlain: boolean
  /** Up to `most` bytes; '' for a file. */
  text(most?: number): string
}

/** So many spellings of names are looked at. */
const maxSpellings = 20_000
/** A raw value with these may be more than plain words. */
const mayNest = /[={[<]|%[357]|^(?:ey|ew|W)/i
const plainAscii = /^[ -$&-*,-~]*$/
/** A longer name is read as it stands. */
const maxNameLength = 4096
/** So many parts, and values that belong to a pair or may hold something else, are looked at. */
const maxTelling = 20_000
/** So many fields later one is returned anyway, so a caller can end its time slice. */
const maxBetween = 1_000
/** A text in a text in a text is not looked at. */
const maxDepth = 2

/** A name may come more than once; null where nobody can tell. */
export function* namesIn(body: Buffer, type: BodyType): Generator<string | null> {
  if (!isReadable(type)) return yield null
  if (type.content === 'json') yield* namesOfJsonBody(body, type)
  else if (type.content === 'text') yield* namesOfLines(body.toString('utf8'))
  else yield* namesOfForm(fieldsOf(body, type, 0))
}

/** The first fields, and later ones that tell more. Null where nobody can tell. */
export function fieldsOf(body: Buffer, type: BodyType, most: number): Generator<FormField | null> {
  return type.content === 'form' ? fieldsOfForm(body, type, most) : fieldsOfParts(body, type)
}

export function namesWithin(name: string, value: string): Iterable<string | null> {
  const kind = nestedIn(name, value)
  return kind === null ? [] : namesInNested(kind, value, text => namesOfJson(text, 1))
}

/** The text as the receiving program reads it. */
export function stringOfJson(text: string, { from, to }: JsonField): string | null {
  if (text[from] !== '"') return null
  try {
    return String(JSON.parse(text.slice(from, to)))
  } catch {
    return text.slice(from + 1, to)
  }
}

function* namesOfForm(fields: Iterable<FormField | null>): Generator<string | null> {
  const pairs = new FieldPairs()
  for (const field of fields) {
    if (field === null) yield null
    else {
      // An escape switches to other letters, as in ISO-2022-JP.
      for (const name of field.names) yield name.includes('\x1b') ? null : name
      if (field.pair !== null) pairs.add(field.pair, field.text())
      if (field.isPlain) continue
      const [name = ''] = field.names
      yield* namesWithin(name, field.text())
    }
  }
  yield* pairs.names()
}

/** `most` fields, and later ones with new names, pairs, or nested values. */
function* fieldsOfForm(body: Buffer, { charset }: BodyType, most: number): Generator<FormField | null> {
  const text = body.toString('latin1')
  const known = new Map<string, Pick<FormField, 'names' | 'pair'>>()
  let count = 0
  let telling = 0
  for (let at = 0, next = 0; at < text.length; at = next + 1) {
    const end = text.indexOf('&', at)
    next = end < 0 ? text.length : end
    if (next === at) continue
    const piece = text.slice(at, next)
    const equals = piece.indexOf('=')
    const raw = equals < 0 ? piece : piece.slice(0, equals)
    let found = known.get(raw)
    const isNew = found === undefined
    if (found === undefined) {
      if (known.size >= maxSpellings) return yield null
      const names = raw.length > maxNameLength ? [raw] : spellingsOf(bytesOfForm(raw), charset)
      found = { names, pair: pairPlaceOf(names[0] ?? '') }
      known.set(raw, found)
    }
    const value = equals < 0 ? '' : piece.slice(equals + 1)
    const isPlain = !mayNest.test(value)
    const isTelling = !isPlain || found.pair !== null
    if (isTelling && ++telling > maxTelling) return yield null
    if (count++ >= most && !isNew && !isTelling && count % maxBetween > 0) continue
    yield { ...found, file: null, isPlain, text: (most = value.length) => decodedValue(value, most, charset) }
  }
}

function decodedValue(value: string, most: number, charset: string | null): string {
  const read = most < value.length ? value.slice(0, most) : value
  return plainAscii.test(read) ? read : textOf(bytesOfForm(read), most < value.length, charset)
}

function* fieldsOfParts(body: Buffer, type: BodyType): Generator<FormField | null> {
  let count = 0
  for (const part of partsOf(body, type)) {
    if (++count > maxTelling) return yield null
    if (part === null) yield null
    else {
      const { names, value } = part
      // Scripts send JSON as such a file.
      const isFile = part.file !== null && !(part.file === 'blob' && /json/i.test(part.type))
      yield {
        names,
        pair: isFile ? null : pairPlaceOf(names[0] ?? ''),
        file: isFile ? part.file : null,
        isPlain: isFile,
        text: (most = value.length) =>
          isFile ? '' : textOf(value.subarray(0, most), most < value.length, type.charset)
      }
    }
  }
}

/** `isCut`: the end may be half a letter. */
function textOf(bytes: Buffer, isCut: boolean, charset: string | null): string {
  let end = bytes.length
  if (isCut) {
    while (end > bytes.length - 3 && ((bytes[end - 1] ?? 0) & 0xc0) === 0x80) end--
    if ((bytes[end - 1] ?? 0) >= 0xc0) end--
  }
  return likeliestSpelling(bytes.subarray(0, end), charset)
}

function* namesOfJsonBody(body: Buffer, { charset }: BodyType): Generator<string | null> {
  // Some programs recognise UTF-16 and UTF-32.
  if (body.includes(0) || /^(?:\xff\xfe|\xfe\xff)/.test(body.toString('latin1', 0, 2))) return yield null
  const text = likeliestSpelling(body, charset)
  yield* namesOfJson(text, 0)
  // Where JSON is broken, a quote may begin another string.
  for (const [, name = ''] of text.matchAll(/"([^"\\]{1,200})"\s*:/g)) yield name
}

function* namesOfJson(text: string, depth: number): Generator<string | null> {
  let nested = 0
  for (const field of fieldsOfJson(text)) {
    yield field.name
    if (field.name === null || depth >= maxDepth) continue
    const value = stringOfJson(text, field)
    const kind = value === null ? null : nestedIn(field.name, value)
    if (value === null || kind === null) continue
    if (++nested > maxTelling) return yield null
    yield* namesInNested(kind, value, inner => namesOfJson(inner, depth + 1))
  }
}

/** A line without `=` goes on with a value. */
function* namesOfLines(text: string): Generator<string> {
  for (const line of text.split(/[\r\n]+/)) yield* namesOfLine(line)
}

/** Some programs end lines at U+2028 and U+2029. */
export function* namesOfLine(line: string): Generator<string> {
  for (const text of /[\u2028\u2029]/.test(line) ? [line, ...line.split(/[\u2028\u2029]+/)] : [line]) {
    const equals = text.indexOf('=')
    if (equals >= 0) yield text.slice(0, equals)
  }
}
