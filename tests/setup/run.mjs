/** `npm test`: runs tap with the arguments given, then names the files that took longest. `npm run test:deep` tries each property on many more cases. */
import { spawnSync } from 'node:child_process'
import { slowest } from './slowest.mjs'

const began = Date.now()
const isDeep = process.argv[2] === 'deep'
const { status } = spawnSync(
  process.execPath,
  ['node_modules/tap/dist/esm/run.mjs', ...process.argv.slice(isDeep ? 3 : 2)],
  {
    stdio: 'inherit',
    env: isDeep ? { FACTORGATE_RUNS: '200', ...process.env } : process.env
  }
)
const seconds = Math.round((Date.now() - began) / 1000)
const rows = slowest('.tap/test-results', began, 20)
console.error(`\nThe slowest files of ${Math.floor(seconds / 60)} min ${seconds % 60} s, in seconds:`)
for (const { file, ms } of rows) console.error(`${(ms / 1000).toFixed(1).padStart(7)}  ${file}`)
process.exitCode = status ?? 1
