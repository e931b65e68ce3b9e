/** Text tables for a terminal; foreign characters are escaped. */
import { visible } from './command.ts'

const least = 8
const between = 2

/** A heading and a line per row; empty without rows. With `columns`, the widest cells are cut so that lines fit, if they can. */
export function table(headings: readonly string[], rows: readonly (readonly string[])[], columns?: number): string {
  if (rows.length === 0) return ''
  let cells = [headings, ...rows].map(row => row.map(visible))
  const widths = headings.map((_, column) => cells.reduce((most, row) => Math.max(most, width(row[column] ?? '')), 0))
  if (columns !== undefined) {
    const limits = fitted(widths, columns)
    cells = cells.map(row => row.map((cell, column) => cut(cell, limits[column]!)))
    widths.splice(0, widths.length, ...limits)
  }
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) => (column === row.length - 1 ? cell : cell + ' '.repeat(widths[column]! - width(cell))))
      .join('  ')
      .trimEnd()
  return `${cells.map(line).join('\n')}\n`
}

/** The widths after the widest columns gave way, one at a time. */
function fitted(widths: readonly number[], columns: number): number[] {
  const limits = [...widths]
  let over = limits.reduce((sum, one) => sum + one + between, -between) - columns
  while (over > 0) {
    const widest = Math.max(...limits)
    if (widest <= least) break
    limits[limits.lastIndexOf(widest)] = widest - 1
    over--
  }
  return limits
}

/** The start of a cell that is too wide, with a sign that it goes on. */
function cut(cell: string, most: number): string {
  if (width(cell) <= most) return cell
  let kept = ''
  for (const character of cell) {
    if (width(kept + character) > most - 1) break
    kept += character
  }
  return `${kept}…`
}

/** Aligned pairs: `name   alice`. */
export function pairs(entries: readonly (readonly [string, string])[]): string {
  const widest = Math.max(...entries.map(([name]) => name.length))
  return entries
    .map(([name, value]) => `${name.padEnd(widest)}  ${visible(value)}`.trimEnd())
    .join('\n')
    .concat('\n')
}

/** `2026-11-22 20:15` in UTC, or a dash. */
export function moment(at: number | null): string {
  return at === null ? '-' : `${new Date(at).toISOString().slice(0, 16).replace('T', ' ')} UTC`
}

/** The terminal width: East Asian wide characters and emoji take two columns, combining marks none. */
function width(text: string): number {
  let columns = 0
  for (const character of text) {
    if (/\p{M}/u.test(character)) continue
    columns +=
      /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}/u.test(
        character
      )
        ? 2
        : 1
  }
  return columns
}

/** The lines of a text in a terminal of that width, of which `indent` columns are taken. Without a width it stays one line. */
export function wrapped(text: string, columns: number | undefined, indent: number): string[] {
  if (columns === undefined) return [text]
  const most = Math.max(columns - indent, 20)
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    const longer = line === '' ? word : `${line} ${word}`
    if (line !== '' && width(longer) > most) {
      lines.push(line)
      line = word
    } else line = longer
  }
  return [...lines, line]
}
