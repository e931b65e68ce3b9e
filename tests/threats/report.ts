/**
 * `npm run threats`: runs every test file of this folder and prints one table: id, references, attack, result; then the measured facts,
 * other measurements, and the timing of sign-ins (timing.ts; `-- timing 1000` is that alone). It reads the subtests' names (table.ts). It
 * exits with 1 if a row is not ok or missing, or if a file fails.
 */
import { spawn } from 'node:child_process'
import path from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { facts, factsOf, filesHere, ids, rowsElsewhere } from './ids.ts'

const folder = fileURLToPath(new URL('./', import.meta.url))
const root = path.join(folder, '../..')

interface Outcome {
  readonly id: string
  readonly refs: string
  readonly tried: string
  readonly outcome: 'ok' | 'NOT OK' | 'cannot apply'
  /** What must come of it, or why there is nothing to try. */
  readonly why: string
}

const line = /^ *(not ok|ok) \d+ - ([A-Z]\d+)(?: (.*?))? · (.*?)(?: # time=.*)?$/

/** The rows that a TAP stream tells of. Of one id the last line counts, and a failure before it stays one. */
export function outcomesOf(tap: string): Outcome[] {
  const outcomes = new Map<string, Outcome>()
  for (const text of tap.split('\n')) {
    const match = line.exec(text)
    if (match === null || !ids.includes(match[2]!)) continue
    const [, verdict, id = '', refs = '', rest = ''] = match
    const [reason] = rest.match(/(?<=^cannot apply: ).*/) ?? []
    const arrow = rest.indexOf(' → ')
    const isBad = verdict === 'not ok' || outcomes.get(id)?.outcome === 'NOT OK'
    outcomes.set(id, {
      id,
      refs: unescaped(refs),
      tried: unescaped(reason === undefined ? rest.slice(0, arrow < 0 ? undefined : arrow) : ''),
      outcome: isBad ? 'NOT OK' : reason === undefined ? 'ok' : 'cannot apply',
      why: unescaped(reason ?? (arrow < 0 ? '' : rest.slice(arrow + 3)))
    })
  }
  return [...outcomes.values()].sort((a, b) => ids.indexOf(a.id) - ids.indexOf(b.id))
}

interface Fact {
  readonly id: string
  readonly what: string
  readonly isGood: boolean
}

/** The measured facts that a TAP stream tells of, in their order; bad where one test of it is. */
export function factsIn(tap: string): Fact[] {
  const found = new Map<string, Fact>()
  for (const text of tap.split('\n')) {
    const [, verdict, name = ''] = /^ *(not ok|ok) \d+ - (0\.\d+ .*?)(?: # time=.*)?$/.exec(text) ?? []
    const ids = factsOf(name)
    const what = unescaped(name.slice(ids.join(' ').length))
    for (const id of ids) found.set(id, { id, what, isGood: verdict === 'ok' && (found.get(id)?.isGood ?? true) })
  }
  return [...found.values()].sort((a, b) => facts.indexOf(a.id) - facts.indexOf(b.id))
}

/** The facts as a table of their own. */
export function factReportOf(found: readonly Fact[]): { text: string; isGood: boolean } {
  const missing = facts.filter(id => found.every(one => one.id !== id))
  const rows = found.map(
    ({ id, what, isGood }) => `| ${id} | ${what.replaceAll('|', '\\|')} | ${isGood ? 'ok' : 'NOT OK'} |`
  )
  const sums = `${found.length} of ${facts.length} facts${missing.length > 0 ? `, missing: ${missing.join(' ')}` : ''}`
  return {
    text: ['| fact | what was tried | outcome |', '|---|---|---|', ...rows, '', sums].join('\n'),
    isGood: missing.length === 0 && found.every(one => one.isGood)
  }
}

/** What tests have measured and do not judge: their comments that say so. */
export function measuredIn(tap: string): string[] {
  return [...tap.matchAll(/^ *# measured: (.*)$/gm)].map(match => `- ${unescaped(match[1]!)}`)
}

/** The table in Markdown, and the counts under it. */
export function reportOf(outcomes: readonly Outcome[]): { text: string; isGood: boolean } {
  const cell = (text: string) => text.replaceAll('|', '\\|')
  const count = (outcome: Outcome['outcome']) => outcomes.filter(one => one.outcome === outcome).length
  const missing = ids.filter(id => outcomes.every(one => one.id !== id))
  const rows = outcomes.map(
    ({ id, refs, tried, outcome, why }) =>
      `| ${id} | ${cell(refs)} | ${cell(tried)} | ${outcome === 'cannot apply' ? `cannot apply: ${cell(why)}` : `${outcome}: ${cell(why)}`} |`
  )
  const sums = `${outcomes.length} of ${ids.length} scenarios: ${count('ok')} ok, ${count('NOT OK')} not ok, ${count('cannot apply')} cannot apply, ${missing.length} missing`
  return {
    text: [
      '| id | references | tried | outcome |',
      '|---|---|---|---|',
      ...rows,
      '',
      sums + (missing.length > 0 ? ` (${missing.join(' ')})` : '')
    ].join('\n'),
    isGood: missing.length === 0 && count('NOT OK') === 0
  }
}

/** TAP writes `#` and `\` of a name with a backslash. */
function unescaped(text: string): string {
  return text.replace(/\\([#\\])/g, '$1').trim()
}

/** Enough to see a difference of half the spread; for less, ask for more: `npm run threats -- timing 1000`. */
const timingRounds = 60

async function printTiming(rounds: number): Promise<number> {
  return (await import('./m/timing.ts')).printTiming(rounds)
}

async function run(): Promise<number> {
  const here = filesHere()
    .filter(file => file.endsWith('.test.ts'))
    .map(file => path.join('tests/threats', file))
  const elsewhere = new Set(rowsElsewhere().map(({ file }) => path.join('tests', file)))
  const files = [...here, ...elsewhere]
  const tap = path.join(root, 'node_modules/.bin/tap')
  const child = spawn(tap, ['--reporter=tap', ...files], { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] })
  let heard = ''
  child.stdout.setEncoding('utf8').on('data', part => {
    heard += part
  })
  const code = await new Promise<number | null>(resolve => child.once('close', resolve))
  const { text, isGood } = reportOf(outcomesOf(heard))
  console.log(text)
  const held = factReportOf(factsIn(heard))
  console.log(`\n${held.text}`)
  console.log(`\nMeasured, and not judged:\n\n${measuredIn(heard).join('\n')}\n`)
  const failed = [...heard.matchAll(/^not ok \d+ - (\S+\.test\.ts)/gm)].map(match => match[1])
  if (failed.length > 0) console.log(`\nFailed: ${failed.join(', ')}. One of them alone: npx tap FILE`)
  await printTiming(timingRounds)
  return code === 0 && isGood && held.isGood ? 0 : 1
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const [, , what, rounds] = process.argv
  process.exitCode = what === 'timing' ? await printTiming(Number(rounds ?? 200)) : await run()
}
