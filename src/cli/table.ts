/** Tables, counts and times as text for a terminal; foreign characters are escaped. */
import { utcMinute } from '../messages/utc-minute.ts'
import { visible } from '../messages/visible.ts'

const between = 2
/** A column keeps the width of its longest word, but at most this. */
const maxWordWidth = 16

/**
 * Empty without rows. If `columns` is too narrow, cells go on below, except those of the first column, because people copy from it. If even
 * that does not fit, each row is a block of lines.
 */
export function table(headings: readonly string[], rows: readonly (readonly string[])[], columns?: number): string {
  if (rows.length === 0) return ''
  const cells = [headings, ...rows].map(row => row.map(visible))
  const widths = headings.map((_, column) => cells.reduce((most, row) => Math.max(most, width(row[column] ?? '')), 0))
  const limits = columns === undefined ? widths : fitted(cells, widths, columns)
  if (limits === null)
    return rows
      .map(row =>
        pairs(
          headings.map((name, i) => [name, row[i] ?? ''] as const),
          columns
        )
      )
      .join('\n')
  return `${cells.map(row => rowOf(row, limits)).join('\n')}\n`
}

/** A row has as many lines as its tallest cell. */
function rowOf(row: readonly string[], limits: readonly number[]): string {
  const parts = row.map((cell, column) => lines(cell, limits[column]!))
  const height = Math.max(...parts.map(({ length }) => length))
  return Array.from({ length: height }, (_, line) =>
    parts
      .map((cell, column) => padded(cell[line] ?? '', column === row.length - 1 ? 0 : limits[column]!))
      .join(' '.repeat(between))
      .trimEnd()
  ).join('\n')
}

/** The widest columns give way, one at a time; null if they cannot. */
function fitted(cells: readonly (readonly string[])[], widths: readonly number[], columns: number): number[] | null {
  const limits = [...widths]
  let over = limits.reduce((sum, one) => sum + one + between, -between) - columns
  if (over <= 0) return limits
  const least = widths.map((whole, column) =>
    column === 0
      ? whole
      : Math.min(
          maxWordWidth,
          cells.reduce((most, row) => Math.max(most, ...(row[column] ?? '').split(' ').map(width)), 0)
        )
  )
  for (; over > 0; over--) {
    const free = limits.map((limit, column) => (limit > least[column]! ? limit : 0))
    const widest = Math.max(...free)
    if (widest === 0) return null
    limits[free.lastIndexOf(widest)] = widest - 1
  }
  return limits
}

/** `name   alice`. With `columns`, long values go on below. */
export function pairs(entries: readonly (readonly [string, string])[], columns?: number): string {
  const widest = Math.max(...entries.map(([name]) => width(name)))
  const hang = widest + between
  return entries
    .flatMap(([name, value]) =>
      wrapped(visible(value), columns, hang).map((line, i) =>
        `${padded(i === 0 ? name : '', widest)}${' '.repeat(between)}${line}`.trimEnd()
      )
    )
    .join('\n')
    .concat('\n')
}

/** `2026-11-22 20:15 UTC`, or a dash. */
export function moment(at: number | null): string {
  return at === null ? '-' : utcMinute(at)
}

function padded(text: string, to: number): string {
  return text + ' '.repeat(Math.max(0, to - width(text)))
}

const wide =
  /[\u1100-\u115f\u2329\u232a\u2e80-\ua4cf\ua960-\ua97c\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1b000}-\u{1b2ff}\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}/u

/** East Asian wide characters and emoji take two columns, combining marks none. */
function width(text: string): number {
  let columns = 0
  for (const character of text) if (!/\p{M}/u.test(character)) columns += wide.test(character) ? 2 : 1
  return columns
}

/** `1,204 lines`; `more` is the plural. */
export function counted(count: number, one: string, more = `${one}s`): string {
  return `${count.toLocaleString('en')} ${count === 1 ? one : more}`
}

/** The lines of a text in a terminal of that width, of which `indent` columns are taken. Without a width it stays one line. */
export function wrapped(text: string, columns: number | undefined, indent: number): string[] {
  return columns === undefined ? [text] : lines(text, Math.max(columns - indent, 20))
}

/** A longer word is broken. */
function lines(text: string, most: number): string[] {
  if (width(text) <= most) return [text]
  const found: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    const longer = line === '' ? word : `${line} ${word}`
    if (width(longer) <= most) {
      line = longer
      continue
    }
    if (line !== '') found.push(line)
    line = ''
    for (const character of word) {
      if (line !== '' && width(line + character) > most) {
        found.push(line)
        line = ''
      }
      line += character
    }
  }
  return [...found, line]
}
