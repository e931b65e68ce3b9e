/** Decoys' files, made anew for each request. */
import { rowCount, type Table, tableOf } from './rows.ts'
import type { ServedContent, ServedKind } from './steps.ts'
import { workbookOf } from './workbook.ts'

export interface ServedFile {
  readonly type: string
  readonly body: Buffer
}

interface Kind {
  readonly type: string
  make(table: Table): string | Buffer
}

/** `words`: `rowCount` marks. */
export function servedFile(kind: ServedKind, content: ServedContent, words: readonly string[]): ServedFile {
  const { type, make } = kinds[kind]
  return { type, body: Buffer.from(make(tableOf(content, words.slice(0, rowCount))) as string) }
}

const kinds: Readonly<Record<ServedKind, Kind>> = {
  xlsx: { type: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet', make: workbookOf },
  csv: { type: 'text/csv; charset=utf-8', make: csvOf },
  txt: { type: 'text/plain; charset=utf-8', make: textOf },
  html: { type: 'text/html; charset=utf-8', make: pageOf },
  sql: { type: 'application/sql', make: sqlOf },
  json: { type: 'application/json', make: jsonOf }
}

function csvOf({ columns, rows }: Table): string {
  return [columns, ...rows].map(row => `${row.join(',')}\r\n`).join('')
}

function textOf({ title, columns, rows }: Table): string {
  const widths = columns.map((column, i) => Math.max(column.length, ...rows.map(row => row[i]!.length)))
  const line = (row: readonly string[]) =>
    row
      .map((cell, i) => cell.padEnd(widths[i]!))
      .join('  ')
      .trimEnd()
  return `${title}\n\n${[columns, ...rows].map(line).join('\n')}\n`
}

/** No cell holds a character with a meaning in HTML. */
function pageOf({ title, columns, rows }: Table): string {
  const cells = (row: readonly string[], tag: string) => row.map(cell => `<${tag}>${cell}</${tag}>`).join('')
  const lines = rows.map(row => `<tr>${cells(row, 'td')}</tr>`).join('\n')
  return `<!doctype html>\n<html><head><meta charset="utf-8"><title>${title}</title></head><body>\n<h1>${title}</h1>\n<table>\n<tr>${cells(columns, 'th')}</tr>\n${lines}\n</table>\n</body></html>\n`
}

function sqlOf({ title, columns, rows }: Table): string {
  const name = nameOf(title)
  const names = columns.map(nameOf)
  const values = rows.map(row => `(${row.map(cell => `'${cell}'`).join(', ')})`).join(',\n  ')
  return `CREATE TABLE ${name} (${names.map(column => `${column} text`).join(', ')});\nINSERT INTO ${name} (${names.join(', ')}) VALUES\n  ${values};\n`
}

function jsonOf({ columns, rows }: Table): string {
  const names = columns.map(nameOf)
  const list = rows.map(row => Object.fromEntries(row.map((cell, i) => [names[i]!, cell])))
  return `${JSON.stringify(list, null, 2)}\n`
}

function nameOf(title: string): string {
  return title
    .toLowerCase()
    .replace(/[^a-z]+/g, '_')
    .replace(/_$/, '')
}
