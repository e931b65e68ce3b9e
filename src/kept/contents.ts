/** What the sender of a kept POST is shown of it. */
import type { BodyType } from './content.ts'
import { type FormField, fieldsOf, namesOfLine, namesWithin, stringOfJson } from './field-names.ts'
import { FieldPairs } from './field-pairs.ts'
import { fieldsOfJson, type JsonField } from './json-fields.ts'
import { isHiddenName } from './secret-names.ts'
import { likeliestSpelling } from './spellings.ts'
import { TimeSlices } from './time-slices.ts'

interface ShownField {
  readonly name: string
  /** A shortened value, or a file's name; null for a possible credential. */
  readonly value: string | null
}

/** A form's first fields, or another body's beginning under the name ''. `isCut`: there is more. */
export interface Contents {
  readonly fields: readonly ShownField[]
  readonly isCut: boolean
}

const maxFields = 12
const maxNameLength = 60
const maxValueLength = 120
const maxTextLength = 400
/** With more names a value is not shown. */
const maxNames = 10_000
/** Hidden parts get shorter, so more is read than shown. */
const minRead = 64 * 1024

/** A large body takes many time slices (THREATS D21). */
export async function contentsOf(body: Buffer, type: BodyType): Promise<Contents> {
  const slices = new TimeSlices()
  if (type.content === 'form' || type.content === 'multipart') return formContents(body, type, slices)
  const text = likeliestSpelling(body, type.charset)
  const { shown, isCut } = type.content === 'json' ? await hiddenInJson(text, slices) : hiddenInLines(text)
  return {
    fields: [{ name: '', value: shortened(shown, maxTextLength) }],
    isCut: shown.length > maxTextLength || isCut
  }
}

async function hiddenInJson(text: string, slices: TimeSlices): Promise<{ shown: string; isCut: boolean }> {
  const hidden: JsonField[] = []
  for (const field of fieldsOfJson(text)) {
    if (slices.isOver) await slices.next()
    if (field.from >= minRead) continue
    if (field.name === null || isHiddenName(field.name) || (await isHiddenText(text, field, slices))) hidden.push(field)
  }
  hidden.sort((one, other) => one.from - other.from)
  let shown = ''
  let at = 0
  for (const { from, to } of hidden) {
    if (from >= at) shown += `${text.slice(at, from)}"•••"`
    at = Math.max(at, to)
  }
  shown += text.slice(at, Math.max(at, minRead))
  return { shown, isCut: text.length > Math.max(at, minRead) }
}

async function isHiddenText(text: string, field: JsonField, slices: TimeSlices): Promise<boolean> {
  const value = stringOfJson(text, field)
  return value !== null && isHiddenValue(field.name ?? '', value, slices)
}

async function isHiddenValue(name: string, value: string, slices: TimeSlices): Promise<boolean> {
  const seen = new Set<string>()
  for (const inner of namesWithin(name, value)) {
    if (slices.isOver) await slices.next()
    if (inner === null) return true
    if (seen.has(inner)) continue
    if (isHiddenName(inner) || seen.size >= maxNames) return true
    seen.add(inner)
  }
  return false
}

function hiddenInLines(text: string): { shown: string; isCut: boolean } {
  const shown = text.slice(0, minRead).replace(/[^\r\n]+/g, line => {
    const names = [...namesOfLine(line)]
    return names.some(isHiddenName) ? `${names[0]}=•••` : line
  })
  return { shown, isCut: text.length > minRead }
}

/** A value's name may come after it, so all fields are read. */
async function formContents(body: Buffer, type: BodyType, slices: TimeSlices): Promise<Contents> {
  const first: FormField[] = []
  const pairs = new FieldPairs()
  let isCut = false
  for (const field of fieldsOf(body, type, maxFields + 1)) {
    if (slices.isOver) await slices.next()
    if (field === null || first.length === maxFields) isCut = true
    else if (field.names.length > 0) first.push(field)
    if (field?.pair) pairs.add(field.pair, field.text())
  }
  const fields: ShownField[] = []
  for (const field of first) fields.push(await shownField(field, pairs, slices))
  return { fields, isCut }
}

async function shownField(
  { names, pair, file, text }: FormField,
  pairs: FieldPairs,
  slices: TimeSlices
): Promise<ShownField> {
  const [name = ''] = names
  const isHidden =
    names.some(isHiddenName) ||
    (pair?.isValue === true && [...pairs.namesOf(pair.group)].some(isHiddenName)) ||
    (await isHiddenValue(name, text(), slices))
  const value = file ?? text(maxValueLength * 4 * 3)
  return { name: shortened(name, maxNameLength), value: isHidden ? null : shortened(value, maxValueLength) }
}

/** Control characters could hide what follows. */
function shortened(text: string, most: number): string {
  const read = text.slice(0, most * 4)
  const plain = read.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ')
  return plain.length > most || read.length < text.length ? `${plain.slice(0, most)}…` : plain
}
