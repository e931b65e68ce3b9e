/** What is in the body of a kept POST, for the page that shows it to its sender. */

import type { Content } from './content.ts'
import { pairsOfForm } from './field-names.ts'
import { fieldsOfJson, type JsonField } from './json-fields.ts'
import { isHiddenName } from './secret-names.ts'

interface ShownField {
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
/** Characters that are read at least, because what is hidden gets shorter. */
const mostRead = 64 * 1024

export function contentsOf(body: Buffer, content: Content): Contents {
  if (content === 'form') return cut(pairsOfForm(body.toString('utf8')))
  if (content === 'multipart') return cut(partsOf(body))
  const text = body.toString('utf8')
  const { shown, isCut } = content === 'json' ? hiddenInJson(text) : hiddenInLines(text)
  return { fields: [{ name: '', value: shortened(shown, mostOfText) }], isCut: shown.length > mostOfText || isCut }
}

/** The beginning, with a little more than is shown. */
function hiddenInJson(text: string): { shown: string; isCut: boolean } {
  const hidden: JsonField[] = []
  for (const field of fieldsOfJson(text))
    if (field.from < mostRead && (field.name === null || isHiddenName(field.name))) hidden.push(field)
  hidden.sort((one, other) => one.from - other.from)
  let shown = ''
  let at = 0
  for (const { from, to } of hidden) {
    if (from >= at) shown += `${text.slice(at, from)}"•••"`
    at = Math.max(at, to)
  }
  shown += text.slice(at, Math.max(at, mostRead))
  return { shown, isCut: text.length > Math.max(at, mostRead) }
}

function hiddenInLines(text: string): { shown: string; isCut: boolean } {
  const shown = text
    .slice(0, mostRead)
    .replace(/^([^=\r\n]*)=.*$/gm, (all, name: string) => (isHiddenName(name) ? `${name}=•••` : all))
  return { shown, isCut: text.length > mostRead }
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
