/** What is in the body of a kept POST, for the page that shows it to its sender. */

import type { Content } from './content.ts'
import { endOfString, pairsOfForm, unescaped } from './field-names.ts'
import { isHiddenName } from './secret-names.ts'

export interface ShownField {
  readonly name: string
  /** Shortened. A file's name; null where the value may be a credential. */
  readonly value: string | null
}

/** The first fields of a form; of other bodies the beginning, with '' as its name. `isCut`: there is more. */
export interface Contents {
  readonly fields: readonly ShownField[]
  readonly isCut: boolean
}

const mostFields = 12
const mostOfName = 60
const mostOfValue = 120
const mostOfText = 400
/** Characters of lines that are read, because what is hidden gets shorter. */
const mostRead = 8 * 1024

export function contentsOf(body: Buffer, content: Content): Contents {
  if (content === 'form') return cut(pairsOfForm(body.toString('utf8')))
  if (content === 'multipart') return cut(partsOf(body))
  const text = body.toString('utf8')
  const shown = content === 'json' ? hiddenInJson(text) : hiddenInLines(text.slice(0, mostRead))
  return {
    fields: [{ name: '', value: shortened(shown, mostOfText) }],
    isCut: shown.length > mostOfText || (content === 'text' && text.length > mostRead)
  }
}

/** The beginning, with a little more than is shown. */
function hiddenInJson(text: string): string {
  const colon = /\s*:\s*/y
  const bare = /[\w.+-]+/y
  let shown = ''
  let at = 0
  while (shown.length <= mostOfText) {
    const start = text.indexOf('"', at)
    if (start < 0) return shown + text.slice(at)
    const end = endOfString(text, start)
    shown += text.slice(at, end + 1)
    at = end + 1
    colon.lastIndex = at
    if (!colon.test(text)) continue
    shown += text.slice(at, colon.lastIndex)
    at = bare.lastIndex = colon.lastIndex
    if (!isHiddenName(unescaped(text.slice(start + 1, end)))) continue
    if (text[at] === '"') at = endOfString(text, at) + 1
    else if (bare.test(text)) at = bare.lastIndex
    else continue
    shown += '"•••"'
  }
  return shown
}

function hiddenInLines(text: string): string {
  return text.replace(/^([^=\r\n]*)=.*$/gm, (all, name: string) => (isHiddenName(name) ? `${name}=•••` : all))
}

function* partsOf(body: Buffer): Generator<readonly [string, string]> {
  const heads =
    /\r?\ncontent-disposition:\s*form-data\s*;[^\r\n]*?\bname="([^"\r\n]*)"(?:[^\r\n]*?\bfilename="([^"\r\n]*)")?/gi
  for (const [, name = '', file] of body.toString('latin1').matchAll(heads))
    yield [utf8(name), file === undefined ? '' : utf8(file)]
}

function field([name, value]: readonly [string, string]): ShownField {
  return { name: shortened(name, mostOfName), value: isHiddenName(name) ? null : shortened(value, mostOfValue) }
}

/** Reads no further than is shown. */
function cut(pairs: Iterable<readonly [string, string]>): Contents {
  const fields: ShownField[] = []
  for (const pair of pairs) {
    if (fields.length === mostFields) return { fields, isCut: true }
    fields.push(field(pair))
  }
  return { fields, isCut: false }
}

/** Without control characters, which could reorder or hide what follows. */
function shortened(text: string, most: number): string {
  const read = text.slice(0, most * 4)
  const plain = read.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ')
  return plain.length > most || read.length < text.length ? `${plain.slice(0, most)}…` : plain
}

function utf8(latin1: string): string {
  return Buffer.from(latin1, 'latin1').toString('utf8')
}
