/**
 * A list of people as CSV (RFC 4180), read strictly: every mistake is named with its line. The columns are user name, displayed name,
 * e-mail address and groups, or those of the first line. Commas, semicolons or tabs separate fields.
 */
import { canonicalName, helpdesk, operators } from '../identity/account.ts'
import type { Accounts } from '../identity/accounts.ts'
import { inBatches } from '../store/batches.ts'
import { canBeMailed } from './invitation-mail.ts'
import { readDisplayName, readEmail, readGroup } from './person-input.ts'

interface ListedPerson {
  /** From 1. */
  readonly line: number
  readonly name: string
  readonly displayName: string | null
  readonly email: string | null
  readonly groups: readonly string[]
}

export interface ListMistake {
  readonly line: number
  readonly problem:
    | 'fields'
    | 'heading'
    | 'quote'
    | 'name'
    | 'email'
    | 'display'
    | 'group'
    | 'twice'
    | 'taken'
    | 'role'
    | 'unmailed'
  /** The typed text, shortened; for `fields` the expected ones. */
  readonly text: string
  /** Fields of the line, or the line that already has the name. */
  readonly number: number
}

export interface PeopleList {
  readonly people: readonly ListedPerson[]
  readonly mistakes: readonly ListMistake[]
}

export const columns = ['name', 'display', 'email', 'groups'] as const
type Column = (typeof columns)[number]

/** Words of a first line, as our pages and spreadsheets write them. */
const otherWords: Readonly<Record<string, Column>> = {
  'user name': 'name',
  username: 'name',
  'displayed name': 'display',
  'display name': 'display',
  'full name': 'display',
  'e-mail': 'email',
  'e-mail address': 'email',
  'email address': 'email',
  mail: 'email',
  group: 'groups'
}

/** The list is checked against the accounts. A former name is taken too. */
export async function checkPeopleList(
  text: string,
  accounts: Pick<Accounts, 'isTaken'>,
  options: ListOptions = {}
): Promise<PeopleList> {
  const read = readPeopleList(text, () => false, options)
  const names = read.people.map(({ name }) => name)
  const taken = new Set(await inBatches(names, async name => ((await accounts.isTaken(name)) ? name : null)))
  return taken.size === 1 && taken.has(null) ? read : readPeopleList(text, name => taken.has(name), options)
}

interface ListOptions {
  /** The name with the realm of its source. */
  readonly nameOf?: (name: string) => string
  /** Each person gets a mail, so an address is needed. */
  readonly isMailed?: boolean
}

export function readPeopleList(
  text: string,
  isTaken: (name: string) => boolean,
  { nameOf = name => name, isMailed = false }: ListOptions = {}
): PeopleList {
  const { rows, unclosed } = rowsOf(text.replace(/^\ufeff/, ''))
  const [first] = rows
  const named = first?.fields.map(columnOf) ?? []
  const hasHeader = named.includes('name')
  const order = hasHeader ? named : columns
  const people: ListedPerson[] = []
  const mistakes: ListMistake[] = []
  const lines = new Map<string, number>()
  if (hasHeader && (named.includes(null) || new Set(named).size < named.length))
    return { people, mistakes: [{ line: first!.line, problem: 'heading', text: columns.join(', '), number: 0 }] }
  if (unclosed !== null) mistakes.push({ line: unclosed, problem: 'quote', text: '', number: 0 })
  for (const { line, fields } of hasHeader ? rows.slice(1) : rows) {
    const wrong = (problem: ListMistake['problem'], text: string, number = 0) =>
      mistakes.push({ line, problem, text: text.slice(0, 64), number })
    if (fields.length > order.length) {
      wrong('fields', order.join(', '), fields.length)
      continue
    }
    const field = (column: Column) => (fields[order.indexOf(column)] ?? '').trim()
    const before = mistakes.length
    const typed = field('name')
    const name = canonicalName(nameOf(typed))
    if (name === undefined) wrong('name', typed)
    else if (lines.has(name)) wrong('twice', name, lines.get(name))
    else if (isTaken(name)) wrong('taken', name)
    if (name !== undefined && !lines.has(name)) lines.set(name, line)
    const display = field('display') === '' ? { value: null } : readDisplayName(field('display'))
    if ('rule' in display) wrong('display', field('display'))
    const email = field('email') === '' ? { value: null } : readEmail(field('email'))
    if ('rule' in email) wrong('email', field('email'))
    else if (isMailed && !canBeMailed(email.value)) wrong('unmailed', typed)
    const groups: string[] = []
    for (const part of field('groups')
      .split(/[\s,;|]+/)
      .filter(Boolean)) {
      const group = readGroup(part)
      if ('rule' in group) wrong('group', part)
      // A list from somebody else must not make operators.
      else if (group.value === operators || group.value === helpdesk) wrong('role', group.value)
      else groups.push(group.value)
    }
    if (mistakes.length > before || name === undefined || 'rule' in display || 'rule' in email) continue
    people.push({ line, name, displayName: display.value, email: email.value, groups })
  }
  return { people, mistakes: mistakes.sort((a, b) => a.line - b.line) }
}

/** Null for none. */
function columnOf(field: string): Column | null {
  const word = field.trim().toLowerCase()
  return columns.find(column => column === word) ?? (Object.hasOwn(otherWords, word) ? otherWords[word]! : null)
}

interface Row {
  readonly line: number
  readonly fields: readonly string[]
}

/** Empty lines are left out. `unclosed`: the line of an unclosed quotation mark. */
function rowsOf(text: string): { rows: Row[]; unclosed: number | null } {
  // The first of these separates the fields.
  const separator = /[,;\t]/.exec(text)?.[0] ?? ','
  const rows: Row[] = []
  let fields: string[] = []
  let field = ''
  let line = 1
  let startedAt = 1
  let quotedAt: number | null = null
  const endField = () => {
    fields.push(field)
    field = ''
  }
  const endRow = () => {
    endField()
    if (fields.some(one => one.trim() !== '')) rows.push({ line: startedAt, fields })
    fields = []
    startedAt = line
  }
  for (let at = 0; at < text.length; at++) {
    const char = text[at] as string
    if (char === '\n') line++
    if (quotedAt !== null) {
      if (char !== '"') field += char
      else if (text[at + 1] === '"') {
        field += '"'
        at++
      } else quotedAt = null
    } else if (char === '"' && field.trim() === '') {
      field = ''
      quotedAt = line
    } else if (char === separator) endField()
    else if (char === '\n') endRow()
    else if (char !== '\r') field += char
  }
  if (quotedAt === null) endRow()
  return { rows, unclosed: quotedAt }
}

/** A CSV file for spreadsheets. A field that they would compute gets an apostrophe in front. */
export function csvOf(rows: readonly (readonly string[])[], lineEnd = '\r\n'): string {
  const cell = (text: string) => {
    const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text
    return /[",;\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
  }
  return rows.map(row => `${row.map(cell).join(',')}${lineEnd}`).join('')
}
