/** What is in the body of a kept POST, for the page that shows it to its sender. */

import type { BodyType } from './content.ts'
import { type FormField, fieldsOf, namesWithin, stringOfJson } from './field-names.ts'
import { FieldPairs } from './field-pairs.ts'
import { fieldsOfJson, type JsonField } from './json-fields.ts'
import { isHiddenName } from './secret-names.ts'
import { spellingsOf } from './spellings.ts'

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

export function contentsOf(body: Buffer, type: BodyType): Contents {
  if (type.content === 'form' || type.content === 'multipart') return formContents(body, type)
  const text = spellingsOf(body, type.charset)[0] ?? ''
  const { shown, isCut } = type.content === 'json' ? hiddenInJson(text) : hiddenInLines(text)
  return { fields: [{ name: '', value: shortened(shown, mostOfText) }], isCut: shown.length > mostOfText || isCut }
}

/** The beginning, with a little more than is shown. */
function hiddenInJson(text: string): { shown: string; isCut: boolean } {
  const hidden: JsonField[] = []
  for (const field of fieldsOfJson(text))
    if (field.from < mostRead && (field.name === null || isHiddenName(field.name) || isHiddenText(text, field)))
      hidden.push(field)
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

function isHiddenText(text: string, field: JsonField): boolean {
  const value = stringOfJson(text, field)
  return value !== null && isHiddenValue(field.name ?? '', value)
}

/** True if what stands in the value has such names itself. */
function isHiddenValue(name: string, value: string): boolean {
  for (const inner of namesWithin(name, value)) if (inner === null || isHiddenName(inner)) return true
  return false
}

function hiddenInLines(text: string): { shown: string; isCut: boolean } {
  const shown = text
    .slice(0, mostRead)
    .replace(/^([^=\r\n]*)=.*$/gm, (all, name: string) => (isHiddenName(name) ? `${name}=•••` : all))
  return { shown, isCut: text.length > mostRead }
}

/** The name of a value may stand behind it, so all fields are read. */
function formContents(body: Buffer, type: BodyType): Contents {
  const first: FormField[] = []
  const pairs = new FieldPairs()
  let isCut = false
  for (const field of fieldsOf(body, type, mostFields + 1)) {
    if (field === null || first.length === mostFields) isCut = true
    else if (field.names.length > 0) first.push(field)
    if (field?.pair) pairs.add(field.pair, field.text())
  }
  return { fields: first.map(field => shownField(field, pairs)), isCut }
}

function shownField({ names, pair, file, text }: FormField, pairs: FieldPairs): ShownField {
  const [name = ''] = names
  const isHidden =
    names.some(isHiddenName) ||
    (pair?.isValue === true && [...pairs.namesOf(pair.group)].some(isHiddenName)) ||
    isHiddenValue(name, text())
  const value = file ?? text(mostOfValue * 4 * 3)
  return { name: shortened(name, mostOfName), value: isHidden ? null : shortened(value, mostOfValue) }
}

/** Without control characters, which could reorder or hide what follows. */
function shortened(text: string, most: number): string {
  const read = text.slice(0, most * 4)
  const plain = read.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ')
  return plain.length > most || read.length < text.length ? `${plain.slice(0, most)}…` : plain
}
