/** Runs the command of `argv` and exits with its code, after all output is written. */
import { setTimeout } from 'node:timers/promises'
import { systemClock } from '../clock.ts'
import { keepYoungGeneration } from '../platform/gc-tuning.ts'
import { noteEarlyReloads } from './early-reload.ts'
import { endBySignals } from './first-process.ts'
import { nodeTooOld } from './node-release.ts'
import { Output } from './output.ts'
import { run } from './run.ts'

// Commands use what an older Node.js lacks; this module and its imports do not.
const tooOld = nodeTooOld(process.versions.node)
if (tooOld !== null) {
  process.stderr.write(`factorgate: ${tooOld}\n`)
  process.exit(1)
}
endBySignals()
if (process.argv[2] === 'serve') noteEarlyReloads()
// `run` loads most modules later.
keepYoungGeneration()

const stdout = new Output(process.stdout)
const stderr = new Output(process.stderr)

const code = await run(process.argv.slice(2), {
  stdout: text => stdout.write(text),
  stderr: text => stderr.write(text),
  env: process.env,
  cwd: process.cwd(),
  isTTY: process.stdout.isTTY === true,
  columns: process.stdout.isTTY ? process.stdout.columns : undefined,
  isErrorTTY: process.stderr.isTTY === true,
  ...(process.stdin.isTTY && process.stderr.isTTY ? { ask: askInTerminal } : {}),
  input: () => process.stdin.setEncoding('latin1'),
  clock: systemClock,
  wait: milliseconds => setTimeout(milliseconds)
})
const lost = await stdout.flush()
if (lost !== null) stderr.write(`factorgate: the result could not be written to standard output: ${lost.message}\n`)
await stderr.flush()
process.exit(lost === null ? code : 1)

/** An end of input (Ctrl-D) is an empty answer. */
async function askInTerminal(question: string): Promise<string> {
  const { createInterface } = await import('node:readline')
  const lines = createInterface({ input: process.stdin, output: process.stderr })
  return new Promise(resolve => {
    lines.question(question, answer => {
      resolve(answer)
      lines.close()
    })
    lines.once('close', () => resolve(''))
  })
}
