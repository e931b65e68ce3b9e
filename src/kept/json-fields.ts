/**
 * The fields in JSON, with the pairs `{"name": …, "value": …}`. Strangers choose bodies: the text may be anything, and each character is read a fixed
 * number of times (THREATS D21).
 */
import { mayBeName } from './field-pairs.ts'

export interface JsonField {
  /** Null for a text that is too deep. */
  readonly name: string | null
  /** The place of the value. */
  readonly from: number
  readonly to: number
}

interface Frame {
  readonly isObject: boolean
  /** The field whose value this is. */
  readonly name: string | null
  readonly from: number
  /** The name whose value comes next. */
  next: string | null
  /** A pair's names, and its values' place. */
  readonly pairNames: string[]
  values: { from: number; to: number } | null
}

const nameKeys = new Set(['name', 'key', 'field', 'id', 'label'])
const valueKeys = new Set(['value', 'values', 'val'])
const maxNameLength = 200
const maxNames = nameKeys.size
const maxFrames = 200

/** The closing quote, or the end. */
function endOfString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === 0x5c) at++
    else if (code === 0x22) return at
  }
  return text.length
}

/** `\u0070in` → pin */
function unescaped(name: string): string {
  return name.replace(/\\u([0-9a-f]{4})/gi, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)))
}

/** In the order of their ends; a pair at its object's end. */
export function* fieldsOfJson(text: string): Generator<JsonField> {
  const token = /["{}[\]]|[^\s"{}[\],:]+/g
  const colon = /\s*:/y
  const frames: Frame[] = [frameOf(true, null, 0)]
  for (let found = token.exec(text); found !== null; found = token.exec(text)) {
    const frame = frames.at(-1) as Frame
    const from = found.index
    const char = text[from]
    if (char === '{' || char === '[') {
      if (frames.length > maxFrames) return yield { name: null, from, to: text.length }
      frames.push(frameOf(char === '{', frame.next, from))
      frame.next = null
    } else if (char === '}' || char === ']') {
      if (frames.length > 1) yield* endOf(frames, from + 1)
    } else if (char === '"') {
      const end = endOfString(text, from)
      token.lastIndex = colon.lastIndex = Math.min(end + 1, text.length)
      if (colon.test(text)) frame.next = unescaped(text.slice(from + 1, end))
      else yield* fieldOf(frame, from, token.lastIndex, shortText(text, from + 1, end))
    } else yield* fieldOf(frame, from, token.lastIndex, null)
  }
  while (frames.length > 1) yield* endOf(frames, text.length)
  yield* pairsOf(frames[0] as Frame)
}

function frameOf(isObject: boolean, name: string | null, from: number): Frame {
  return { isObject, name, from, next: null, pairNames: [], values: null }
}

function shortText(text: string, from: number, to: number): string | null {
  const short = to - from > maxNameLength ? null : unescaped(text.slice(from, to))
  return short !== null && mayBeName(short) ? short : null
}

function* endOf(frames: Frame[], to: number): Generator<JsonField> {
  const frame = frames.pop() as Frame
  yield* pairsOf(frame)
  const outer = frames.at(-1) as Frame
  outer.next = frame.name
  yield* fieldOf(outer, frame.from, to, null)
}

/** `text`: a short string. */
function* fieldOf(frame: Frame, from: number, to: number, text: string | null): Generator<JsonField> {
  const name = frame.next
  frame.next = null
  if (name === null) return
  yield { name, from, to }
  const key = name.toLowerCase()
  if (nameKeys.has(key) && text !== null && frame.pairNames.length < maxNames) frame.pairNames.push(text)
  if (valueKeys.has(key)) frame.values = { from: frame.values?.from ?? from, to }
}

function* pairsOf({ isObject, pairNames, values }: Frame): Generator<JsonField> {
  if (isObject && values !== null) for (const name of pairNames) yield { name, ...values }
}
