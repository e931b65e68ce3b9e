/** Reads the CSV of an evidence folder, as a spreadsheet does (RFC 4180): quotes, doubled quotes, CRLF. */
import { readFileSync } from 'node:fs'
import path from 'node:path'

type Row = Readonly<Record<string, string>>

export function csvIn(folder: string, name: string): Row[] {
  const [columns = [], ...rows] = parse(readFileSync(path.join(folder, name), 'utf8'))
  return rows.map(cells => {
    if (cells.length !== columns.length) throw new Error(`${name}: ${cells.length} cells, not ${columns.length}`)
    return Object.fromEntries(columns.map((column, i) => [column, cells[i] ?? '']))
  })
}

function parse(text: string): string[][] {
  const rows: string[][] = []
  let row: string[] = []
  let rest = text
  while (rest !== '') {
    const [all, quoted, plain] = /^(?:"((?:[^"]|"")*)"|([^",\r\n]*))/.exec(rest)!
    row.push(quoted === undefined ? (plain ?? '') : quoted.replaceAll('""', '"'))
    rest = rest.slice(all.length)
    if (rest.startsWith(',')) rest = rest.slice(1)
    else if (rest.startsWith('\r\n')) {
      rows.push(row)
      row = []
      rest = rest.slice(2)
    } else throw new Error(`not CSV: ${JSON.stringify(rest.slice(0, 60))}`)
  }
  return rows
}
