/**
 * The names of the fields in a body, in the order in which they stand there. Strangers choose bodies, so each character is read a fixed number
 * of times (THREATS D21), and nothing is collected.
 */
import type { Content } from './content.ts'
import { fieldsOfJson } from './json-fields.ts'

/** A name may come more than once. Null where nobody can tell, as in `fieldsOfJson`. */
export function namesIn(text: string, content: Content): Iterable<string | null> {
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

function* piecesOfForm(text: string): Generator<string> {
  for (let at = 0; at < text.length; ) {
    const end = text.indexOf('&', at)
    const next = end < 0 ? text.length : end
    if (next > at) yield text.slice(at, next)
    at = next + 1
  }
}

function* namesOfForm(text: string): Generator<string> {
  const decodedOnce = new Set<string>()
  for (const piece of piecesOfForm(text)) {
    const end = piece.indexOf('=')
    const name = end < 0 ? piece : piece.slice(0, end)
    if (!/[%+]/.test(name)) {
      yield name
      continue
    }
    if (decodedOnce.has(name)) continue
    decodedOnce.add(name)
    for (const [decoded] of new URLSearchParams(name)) yield decoded
  }
}

function* namesOfParts(text: string): Generator<string> {
  for (const [, quoted, plain] of text.matchAll(/\bname=(?:"([^"\r\n]*)"|([^\s;"]+))/gi)) yield quoted ?? plain ?? ''
}

function* namesOfJson(text: string): Generator<string | null> {
  for (const { name } of fieldsOfJson(text)) yield name
  // In text that is no JSON, a quote may begin another string than it seems.
  for (const [, name = ''] of text.matchAll(/"([^"\\]{1,200})"\s*:/g)) yield name
}

/** Of a form with the encoding `text/plain`. A line without `=` goes on with a value. */
function* namesOfLines(text: string): Generator<string> {
  for (const [, name = ''] of text.matchAll(/^([^=\r\n]*)=/gm)) yield name
}
