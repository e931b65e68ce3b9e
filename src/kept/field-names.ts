/**
 * The names of the fields in a body, in the order in which they stand there. Strangers choose bodies, so each character is read a fixed number
 * of times (THREATS D21), and what is collected has a limit.
 */
import type { BodyType } from './content.ts'
import { FieldPairs, type PairPlace, pairPlaceOf } from './field-pairs.ts'
import { fieldsOfJson, type JsonField } from './json-fields.ts'
import { partsOf } from './multipart.ts'
import { namesInNested, nestedIn } from './nested-names.ts'
import { bytesOfForm, isReadable, likeliestSpelling, spellingsOf } from './spellings.ts'

/** A field of a form, and where its value is to be found. */
export interface FormField {
  /** What its name may be: the first one is shown. */
  readonly names: readonly string[]
  /** Where it is one of two fields that belong together; null otherwise. */
  readonly pair: PairPlace | null
  /** The name of a file; null for a field. */
  readonly file: string | null
  /** True where nothing else can stand in the value. */
  readonly isPlain: boolean
  /** The value, or its beginning with `most` bytes. '' for a file. */
  text(most?: number): string
}

/** Spellings of names that are looked at. */
const maxSpellings = 20_000
/** Characters by which a value, as it is sent, may be more than plain words. */
const mayNest = /[={[<]|%[357]|^(?:ey|ew|W)/i
/** Characters that a form sends unchanged. */
const plainAscii = /^[ -$&-*,-~]*$/
/** A longer name is read as it stands. */
const maxNameLength = 4096
/** Parts, and values that belong to a pair or may hold something else, that are looked at. Nobody writes more. */
const maxTelling = 20_000
/** One of so many fields is returned in any case, so that a caller who reads many of one name can end its time slice. */
const maxBetween = 1_000
/** How deep one text in another is looked at. */
const maxDepth = 2

/** A name may come more than once. Null where nobody can tell. */
export function* namesIn(body: Buffer, type: BodyType): Generator<string | null> {
  if (!isReadable(type)) return yield null
  if (type.content === 'json') yield* namesOfJsonBody(body, type)
  else if (type.content === 'text') yield* namesOfLines(body.toString('utf8'))
  else yield* namesOfForm(fieldsOf(body, type, 0))
}

/** The first fields of a form, and whatever of the others tells more of them. Null where nobody can tell. */
export function fieldsOf(body: Buffer, type: BodyType, most: number): Generator<FormField | null> {
  return type.content === 'form' ? fieldsOfForm(body, type, most) : fieldsOfParts(body, type)
}

/** The names within the value of a field. */
export function namesWithin(name: string, value: string): Iterable<string | null> {
  const kind = nestedIn(name, value)
  return kind === null ? [] : namesInNested(kind, value, text => namesOfJson(text, 1))
}

/** The text of a field of JSON, as the program reads it that gets it; null for anything else. */
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
      // An escape switches to another set of letters, as in ISO-2022-JP.
      for (const name of field.names) yield name.includes('\x1b') ? null : name
      if (field.pair !== null) pairs.add(field.pair, field.text())
      if (field.isPlain) continue
      const [name = ''] = field.names
      yield* namesWithin(name, field.text())
    }
  }
  yield* pairs.names()
}

/** `most`: that many fields are returned in any case. Of later ones only those that tell more: new names, pairs, and values with something else in them. */
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
      // A script sends JSON as a file of this name.
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

/** `isCut`: the end may be the half of a letter. */
function textOf(bytes: Buffer, isCut: boolean, charset: string | null): string {
  let end = bytes.length
  if (isCut) {
    while (end > bytes.length - 3 && ((bytes[end - 1] ?? 0) & 0xc0) === 0x80) end--
    if ((bytes[end - 1] ?? 0) >= 0xc0) end--
  }
  return likeliestSpelling(bytes.subarray(0, end), charset)
}

function* namesOfJsonBody(body: Buffer, { charset }: BodyType): Generator<string | null> {
  // UTF-16 and UTF-32, which some programs recognise by themselves.
  if (body.includes(0) || /^(?:\xff\xfe|\xfe\xff)/.test(body.toString('latin1', 0, 2))) return yield null
  const text = likeliestSpelling(body, charset)
  yield* namesOfJson(text, 0)
  // In text that is no JSON, a quote may begin another string than it seems.
  for (const [, name = ''] of text.matchAll(/"([^"\\]{1,200})"\s*:/g)) yield name
}

/** Texts in it that are something else than text are looked at too, though not for ever. */
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

/** The names in a form with the encoding `text/plain`. A line without `=` goes on with a value. Each character is read a fixed number of times. */
function* namesOfLines(text: string): Generator<string> {
  for (const line of text.split(/[\r\n]+/)) yield* namesOfLine(line)
}

/** Some programs take U+2028 and U+2029 for ends of lines, and others for letters. */
export function* namesOfLine(line: string): Generator<string> {
  for (const text of /[\u2028\u2029]/.test(line) ? [line, ...line.split(/[\u2028\u2029]+/)] : [line]) {
    const equals = text.indexOf('=')
    if (equals >= 0) yield text.slice(0, equals)
  }
}
