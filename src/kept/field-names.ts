/**
 * The names of the fields in a body, in the order in which they stand there. Strangers choose bodies, so each character is read a fixed number
 * of times (THREATS D21), and nothing is collected.
 */
import type { Content } from './content.ts'

/** A name may come more than once. */
export function namesIn(text: string, content: Content): Iterable<string> {
  switch (content) {
    case 'form':
      return namesOfForm(text)
    case 'multipart':
      return namesOfParts(text)
    case 'json':
      return namesOfJson(text)
    case 'text':
      return namesOfLines(text)
  }
}

/** The name and the value of each field of a form (`application/x-www-form-urlencoded`). */
export function* pairsOfForm(text: string): Generator<readonly [string, string]> {
  for (const piece of piecesOfForm(text)) for (const pair of new URLSearchParams(piece)) yield pair
}

/** The end of the string in JSON whose opening quote is at `start`: the place of its closing quote, or the end of the text. */
export function endOfString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === 0x5c) at++
    else if (code === 0x22) return at
  }
  return text.length
}

/** `\u0070in` → pin */
export function unescaped(name: string): string {
  return name.replace(/\\u([0-9a-f]{4})/gi, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)))
}

function* piecesOfForm(text: string): Generator<string> {
  for (let at = 0; at < text.length; ) {
    const end = text.indexOf('&', at)
    const next = end < 0 ? text.length : end
    if (next > at) yield text.slice(at, next)
    at = next + 1
  }
}

function* namesOfForm(text: string): Generator<string> {
  for (const piece of piecesOfForm(text)) {
    const end = piece.indexOf('=')
    const name = end < 0 ? piece : piece.slice(0, end)
    if (!/[%+]/.test(name)) yield name
    else for (const [decoded] of new URLSearchParams(name)) yield decoded
  }
}

function* namesOfParts(text: string): Generator<string> {
  for (const [, quoted, plain] of text.matchAll(/\bname=(?:"([^"\r\n]*)"|([^\s;"]+))/gi)) yield quoted ?? plain ?? ''
}

function* namesOfJson(text: string): Generator<string> {
  const colon = /\s*:/y
  for (let start = text.indexOf('"'); start >= 0; ) {
    const end = endOfString(text, start)
    colon.lastIndex = end + 1
    if (colon.test(text)) yield unescaped(text.slice(start + 1, end))
    start = text.indexOf('"', end + 1)
  }
  // In text that is no JSON, a quote may begin another string than it seems.
  for (const [, name = ''] of text.matchAll(/"([^"\\]{1,200})"\s*:/g)) yield name
}

/** Of a form with the encoding `text/plain`. A line without `=` goes on with a value. */
function* namesOfLines(text: string): Generator<string> {
  for (const [, name = ''] of text.matchAll(/^([^=\r\n]*)=/gm)) yield name
}
