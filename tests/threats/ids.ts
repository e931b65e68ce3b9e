/** The ids of scenarios and facts, and the rows and tests of each, read from the sources. */
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const folder = fileURLToPath(new URL('./', import.meta.url))

/** The groups of docs/THREATS.md, with their last numbers. */
const groups = {
  H: 29,
  P: 18,
  R: 25,
  M: 29,
  W: 20,
  S: 19,
  F: 20,
  D: 22,
  I: 56,
  T: 10,
  U: 6,
  N: 4,
  K: 11,
  B: 6,
  E: 3,
  O: 12
} as const

/** `H1` … `O12`, in their order. */
export const ids: readonly string[] = Object.entries(groups).flatMap(([letter, last]) =>
  Array.from({ length: last }, (_, n) => `${letter}${n + 1}`)
)

/** The measured facts of docs/THREATS.md: `0.1` … `0.16`. */
export const facts: readonly string[] = Array.from({ length: 16 }, (_, n) => `0.${n + 1}`)

/** The facts that stand at the beginning of a test's name: `0.3 0.4 what is tried`. */
export const factsOf = (name: string): string[] => /^(?:0\.\d+ )+/.exec(name)?.[0].trim().split(' ') ?? []

/** The files of this folder and of those of its letters. */
export function filesHere(): string[] {
  return readdirSync(folder, { recursive: true }).map(String)
}

/** Every test of a fact in this folder: the fact and the file. */
export function factsHere(): { id: string; file: string }[] {
  return filesHere()
    .filter(file => file.endsWith('.test.ts') && file !== 'complete.test.ts')
    .flatMap(file => {
      const names = readFileSync(folder + file, 'utf8').matchAll(/\bt\.test\(\s*['"`]([^'"`]*)/g)
      return [...names].flatMap(match => factsOf(match[1]!).map(id => ({ id, file })))
    })
}

const row = /\bid: ['"`]([A-Z]\d+)['"`]/g

/** The ids that stand in a source, in its order. */
export function idsIn(source: string): string[] {
  return [...source.matchAll(row)].map(match => match[1]!)
}

/** Every row in this folder, and every row that a test of another folder holds by its name: the id and the file. */
export function rowsHere(): { id: string; file: string }[] {
  return [
    ...filesHere()
      .filter(file => file.endsWith('.ts') && file !== 'complete.test.ts')
      .flatMap(file => idsIn(readFileSync(folder + file, 'utf8')).map(id => ({ id, file }))),
    ...rowsElsewhere()
  ]
}

const tests = fileURLToPath(new URL('../', import.meta.url))
const nameOfRow = /['"`]([A-Z]\d+)(?: [^'"`\n]*)? · [^'"`\n]* → /g

/** Rows of these rooms stand beside their tests: `'I12 … · what is tried → what comes of it'`. */
export function rowsElsewhere(): { id: string; file: string }[] {
  return [
    'identity',
    'portal',
    'programs',
    'upstream-login',
    'integrity',
    'acme',
    'server',
    'decoys',
    'gateway',
    'posture',
    'console',
    'budgets',
    'kept',
    'unusual',
    'forwarding'
  ].flatMap(place =>
    readdirSync(tests + place, { recursive: true })
      .map(file => `${place}/${file}`)
      .filter(file => file.endsWith('.test.ts'))
      .flatMap(file => [...readFileSync(tests + file, 'utf8').matchAll(nameOfRow)].map(([, id]) => ({ id: id!, file })))
  )
}
