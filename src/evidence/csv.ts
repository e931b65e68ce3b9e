/** Lines of CSV (RFC 4180) that a spreadsheet reads as text, never as a formula. */
import { visible } from '../messages/visible.ts'

export type Cell = string | number | boolean | null | undefined

/** The beginning of a formula (OWASP: CSV injection), also in wide forms. */
const formula = /^\s*[=+\-@\t\r＝＋－＠|%]/u

export function csvLine(cells: readonly Cell[]): string {
  return `${cells.map(cellOf).join(',')}\r\n`
}

function cellOf(cell: Cell): string {
  if (cell === null || cell === undefined) return ''
  if (typeof cell !== 'string') return String(cell)
  // An apostrophe says "text", visibly.
  const isFormula = formula.test(cell)
  const text = isFormula ? `'${visible(cell)}` : visible(cell)
  return isFormula || /[",;']|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
