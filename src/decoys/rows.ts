/** The rows of a served decoy, the same for the same person. */
import { dayMs } from '../clock.ts'
import type { ServedContent } from './steps.ts'

export interface Table {
  readonly title: string
  readonly columns: readonly string[]
  readonly rows: readonly (readonly string[])[]
}

export const rowCount = 24

const services = [
  ...[
    'backup server',
    'mail relay',
    'file server',
    'old file server',
    'domain admin',
    'VPN gateway',
    'printer',
    'wiki'
  ],
  ...['database (prod)', 'database (test)', 'monitoring', 'switch basement', 'switch 2nd floor', 'storage array'],
  ...['instrument PC 1', 'instrument PC 2', 'cluster head node', 'licence server', 'web shop', 'payroll', 'archive'],
  ...['video conference', 'door system', 'ticket system']
]
const accounts = ['admin', 'root', 'svc-backup', 'administrator', 'sa', 'operator', 'svc-ldap', 'postgres', 'service']
const firstNames = [
  'Anna',
  'Boris',
  'Clara',
  'David',
  'Elena',
  'Felix',
  'Greta',
  'Hugo',
  'Ines',
  'Jonas',
  'Katya',
  'Luis'
]
const lastNames = ['Adler', 'Bianchi', 'Costa', 'Dubois', 'Eriksen', 'Fischer', 'Garcia', 'Horvat', 'Ivanov', 'Jansen']
const payees = [
  'Alpine Optics',
  'Baltic Gases',
  'Delta Cryo',
  'Lumen Supplies',
  'Nordic Vacuum',
  'Orion Travel',
  'Prime Audit'
]
const grades = ['E11', 'E12', 'E13', 'E14', 'E15', 'W1', 'W2']

/** `words`: a mark for each row. */
export function tableOf(content: ServedContent, words: readonly string[]): Table {
  return { ...heads[content], rows: words.map((word, i) => makers[content](word, i)) }
}

const heads: Readonly<Record<ServedContent, Omit<Table, 'rows'>>> = {
  passwords: { title: 'Service accounts', columns: ['System', 'Account', 'Password', 'Changed'] },
  people: { title: 'Staff', columns: ['Name', 'Grade', 'Salary', 'Personnel no.', 'Since'] },
  payments: { title: 'Payments', columns: ['Date', 'Payee', 'Amount EUR', 'Reference'] }
}

const makers: Readonly<Record<ServedContent, (word: string, index: number) => readonly string[]>> = {
  passwords: (word, i) => [services[i % services.length]!, pick(accounts, word, 1), word, dateOf(word)],
  people: word => [
    `${pick(firstNames, word, 1)} ${pick(lastNames, word, 2)}`,
    pick(grades, word, 3),
    String(38_000 + numberOf(word, 4) * 40),
    word.toUpperCase(),
    dateOf(word)
  ],
  payments: word => [
    dateOf(word),
    pick(payees, word, 1),
    `${200 + numberOf(word, 4)}.${String(numberOf(word, 6) % 100).padStart(2, '0')}`,
    word.toUpperCase()
  ]
}

function pick(list: readonly string[], word: string, at: number): string {
  return list[numberOf(word, at) % list.length]!
}

function numberOf(word: string, at: number): number {
  return Number.parseInt(word.slice(at, at + 2), 36)
}

function dateOf(word: string): string {
  const days = numberOf(word, 8) % 1095
  return new Date(Date.UTC(2022, 0, 1) + days * dayMs).toISOString().slice(0, 10)
}
