/** Lines of CSV (RFC 4180) that a spreadsheet reads as text and never as a formula. */
import { visible } from '../messages/visible.ts'

export type Cell = string | number | boolean | null | undefined

/** A spreadsheet takes a cell that begins so for a formula (OWASP: CSV injection). The wide forms count too. */
const formula = /^\s*[=+\-@\t\r＝＋－＠|%]/u

export function csvLine(cells: readonly Cell[]): string {
  return `${cells.map(cellOf).join(',')}\r\n`
}

function cellOf(cell: Cell): string {
  if (cell === null || cell === undefined) return ''
  if (typeof cell !== 'string') return String(cell)
  // An apostrophe at the beginning says "text". It is visible, so nobody takes the cell for the value itself.
  const isFormula = formula.test(cell)
  const text = isFormula ? `'${visible(cell)}` : visible(cell)
  return isFormula || /[",;']|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
