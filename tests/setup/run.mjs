/**
 * `npm test`: runs all test files, or those given, and names those that took longest. `npm run test:deep` tries each property on many more cases.
 * `--output-file=FILE` keeps the TAP. For tap's other options: `npx tap FILE`.
 */
import { existsSync, mkdtempSync, openSync, readdirSync, rmSync, writeSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { groupsOf } from './groups.mjs'
import { Processes } from './processes.mjs'
import Reporter from './reporter.mjs'
import { inMemory } from './temporary.mjs'

const root = fileURLToPath(new URL('../../', import.meta.url))
const outputOption = '--output-file='

const isDeep = process.argv[2] === 'deep'
const args = process.argv.slice(isDeep ? 3 : 2)
const given = args.filter(arg => !arg.startsWith('-'))
const unknown = args.find(arg => arg.startsWith('-') && !arg.startsWith(outputOption))
const missing = given.find(file => !existsSync(file))
if (unknown !== undefined || missing !== undefined) {
  const what = unknown === undefined ? `there is no file ${missing}` : `${unknown} is not known here; try npx tap`
  console.error(`npm test: ${what}. Known are test files and ${outputOption}FILE`)
  process.exit(1)
}
const isTest = /** @param {string} name */ name => /\.test\.tsx?$/.test(name)
const all = () => readdirSync('tests', { recursive: true }).map(name => `tests/${name}`)
process.chdir(root)
const files = given.length > 0 ? [...new Set(given)] : all().filter(isTest)

const memory = inMemory()
const fixtures = memory === null ? null : mkdtempSync(path.join(memory, 'factorgate-fixtures-'))
const env = {
  ...(isDeep ? { FACTORGATE_RUNS: '200', FACTORGATE_DEEP: '1' } : {}),
  ...(memory === null ? {} : { TMPDIR: memory }),
  ...(fixtures === null ? {} : { FACTORGATE_FIXTURES: fixtures }),
  ...process.env
}

const output = args.find(arg => arg.startsWith(outputOption))?.slice(outputOption.length)
const kept = output === undefined ? null : openSync(output, 'w')
const reporter = new Reporter()
reporter.pipe(process.stdout)
/** @param {string} text */
const tell = text => {
  reporter.write(`${text}\n`)
  if (kept !== null) writeSync(kept, `${text}\n`)
}

const began = Date.now()
const processes = new Processes({ env, tell })
for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM'])) process.on(signal, () => processes.stop(signal))
tell('TAP version 14')
const reports = await processes.run(groupsOf(files))
tell(`1..${reports.length}`)
tell(`# ${processes.total}`)
tell(`# time=${Date.now() - began}ms`)
reporter.end()
if (!reports.every(report => report.isOk)) process.exitCode = 1
if (fixtures !== null) rmSync(fixtures, { recursive: true, force: true })

const seconds = Math.round((Date.now() - began) / 1000)
console.error(`\nThe slowest files of ${Math.floor(seconds / 60)} min ${seconds % 60} s, in seconds:`)
for (const { file, ms } of reports.toSorted((one, other) => other.ms - one.ms).slice(0, 20))
  console.error(`${(ms / 1000).toFixed(1).padStart(7)}  ${file}`)
