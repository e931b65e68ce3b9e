/** What is in the body of a kept POST, for the page that shows it to its sender. */
import { type Content, unescaped } from './keepable.ts'
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

export function contentsOf(body: Buffer, content: Content): Contents {
  if (content === 'form') return cut([...new URLSearchParams(body.toString('utf8'))].map(field))
  if (content === 'multipart') return cut(partsOf(body))
  const text = content === 'json' ? hiddenInJson(body.toString('utf8')) : hiddenInLines(body.toString('utf8'))
  return { fields: [{ name: '', value: shortened(text, mostOfText) }], isCut: text.length > mostOfText }
}

function hiddenInJson(text: string): string {
  const pair = /("((?:[^"\\]|\\.)*)"\s*:\s*)(?:"(?:[^"\\]|\\.)*"|[\w.+-]+)/g
  return text.replace(pair, (all, start: string, name: string) =>
    isHiddenName(unescaped(name)) ? `${start}"•••"` : all
  )
}

function hiddenInLines(text: string): string {
  return text.replace(/^([^=\r\n]*)=.*$/gm, (all, name: string) => (isHiddenName(name) ? `${name}=•••` : all))
}

function partsOf(body: Buffer): ShownField[] {
  const heads =
    /\r?\ncontent-disposition:\s*form-data\s*;[^\r\n]*?\bname="([^"\r\n]*)"(?:[^\r\n]*?\bfilename="([^"\r\n]*)")?/gi
  return [...body.toString('latin1').matchAll(heads)].map(([, name = '', file]) =>
    field([utf8(name), file === undefined ? '' : utf8(file)])
  )
}

function field([name, value]: readonly [string, string]): ShownField {
  return { name: shortened(name, mostOfName), value: isHiddenName(name) ? null : shortened(value, mostOfValue) }
}

function cut(fields: readonly ShownField[]): Contents {
  return { fields: fields.slice(0, mostFields), isCut: fields.length > mostFields }
}

/** Without control characters, which could reorder or hide what follows. */
function shortened(text: string, most: number): string {
  const plain = text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ')
  return plain.length > most ? `${plain.slice(0, most)}…` : plain
}

function utf8(latin1: string): string {
  return Buffer.from(latin1, 'latin1').toString('utf8')
}
