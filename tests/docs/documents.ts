/** The rows of docs/THREATS.md and docs/FIELD.md, the tests with their ids, and the column that names these. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { carriedIn } from './quotes.ts'

export const root = fileURLToPath(new URL('../../', import.meta.url))

export const lists = ['docs/THREATS.md', 'docs/FIELD.md'] as const

export interface Row {
  /** `W16`, `0.12`, `FIELD F1`. */
  readonly id: string
  readonly cells: readonly string[]
  /** Under "Open": nothing answers it yet. */
  readonly isOpen: boolean
}

/** The files below some folders, and those of the project's own folder. */
export function filesIn(...folders: readonly string[]): string[] {
  const below = (folder: string): string[] =>
    readdirSync(path.join(root, folder), { withFileTypes: true }).flatMap(entry => {
      const name = path.posix.join(folder, entry.name)
      return entry.isDirectory() ? (entry.name === 'node_modules' ? [] : below(name)) : [name]
    })
  return folders.filter(folder => existsSync(path.join(root, folder))).flatMap(below)
}

export const textOf = (file: string) => readFileSync(path.join(root, file), 'utf8')

const line = /^\| ((?:[A-Z]|0\.)\d{1,2}|3) \|(.*)\|$/

/** The rows of one list. */
export function rowsOf(file: (typeof lists)[number], text = textOf(file)): Row[] {
  let isOpen = false
  return text.split('\n').flatMap(one => {
    if (one.startsWith('## ')) isOpen = one === '## Open'
    const [, id, rest] = line.exec(one) ?? []
    if (id === undefined) return []
    const cells = rest!.split(/(?<!\\)\|/).map(cell => cell.trim())
    return [{ id: file.endsWith('FIELD.md') ? `FIELD ${id}` : id, cells, isOpen }]
  })
}

/** They hold ids as examples, or read those of others. */
const readers = /^tests\/(?:docs\/|threats\/(?:complete\.test|ids|report|table)\.ts$)/

/** Which test files carry each id. */
export function carriers(): Map<string, string[]> {
  const found = new Map<string, Set<string>>()
  for (const file of filesIn('tests').filter(file => /\.tsx?$/.test(file) && !readers.test(file)))
    for (const id of carriedIn(file, textOf(file))) found.set(id, (found.get(id) ?? new Set()).add(file))
  return new Map([...found].map(([id, files]) => [id, [...files].sort()]))
}

/** The list with its last column written anew: links to the tests that carry the id. */
export function withTests(file: (typeof lists)[number], text: string, tests: ReadonlyMap<string, string[]>): string {
  const link = (test: string) => `[${test.replace(/^tests\/|(?:\.test)?\.tsx?$/g, '')}](../${test})`
  const rows = new Map(rowsOf(file, text).map(row => [row.id.replace('FIELD ', ''), row]))
  return text.replace(new RegExp(line.source, 'gm'), (whole, id: string) => {
    const row = rows.get(id)!
    if (row.isOpen) return whole
    const links = (tests.get(row.id) ?? []).map(link).join(', ')
    return `| ${[id, ...row.cells.slice(0, -1), links].join(' | ')} |`
  })
}

/** The test files that a row names. */
export const namedBy = (row: Row): string[] =>
  [...(row.cells.at(-1) ?? '').matchAll(/\]\(\.\.\/(tests\/[^)]+)\)/g)].map(match => match[1]!)
