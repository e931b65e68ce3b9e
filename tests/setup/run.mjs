/**
 * `npm test`: runs tap with the arguments given, then names the files that took longest. `npm run test:deep` tries each property on many more cases. Where
 * all files run, those that need a Chromium share one.
 */
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { chromium } from 'playwright-core'
import { args as chromiumArgs, executablePath, shared } from './chromium.mjs'
import { slowest } from './slowest.mjs'
import { inMemory } from './temporary.mjs'

const isDeep = process.argv[2] === 'deep'
const args = process.argv.slice(isDeep ? 3 : 2)
const memory = inMemory()
const env = {
  ...(isDeep ? { FACTORGATE_RUNS: '200' } : {}),
  ...(memory === null ? {} : { TMPDIR: memory }),
  ...process.env
}

const isAll = args.every(arg => arg.startsWith('-'))
const browser =
  isAll && existsSync(executablePath) ? await chromium.launchServer({ executablePath, args: chromiumArgs }) : null
if (browser !== null) env[shared] = browser.wsEndpoint()

const began = Date.now()
const tap = spawn(process.execPath, ['node_modules/tap/dist/esm/run.mjs', ...args], { stdio: 'inherit', env })
// The terminal signals tap as well, which says what it has heard until then.
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => tap.kill(signal))
process.exitCode = await new Promise(resolve => tap.once('exit', code => resolve(code ?? 1)))
await browser?.close()

const seconds = Math.round((Date.now() - began) / 1000)
console.error(`\nThe slowest files of ${Math.floor(seconds / 60)} min ${seconds % 60} s, in seconds:`)
for (const { file, ms } of slowest('.tap/test-results', began, 20))
  console.error(`${(ms / 1000).toFixed(1).padStart(7)}  ${file}`)
