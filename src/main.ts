#!/usr/bin/env node
/** The process: argv → command → exit code. Owns standard input and output; whatever else there is to know is in cli/run.ts. */
import { setTimeout } from 'node:timers/promises'
import { run } from './cli/run.ts'
import { systemClock } from './clock.ts'
import { enlargeYoung } from './young-generation.ts'

// The command itself, and with it most of what there is, is loaded when it is called.
enlargeYoung()

// Whoever reads us may go away (`… | head -1`): what is under way must still come to its end.
const ignoreClosedPipe = (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
}
process.stdout.on('error', ignoreClosedPipe)
process.stderr.on('error', ignoreClosedPipe)

const code = await run(process.argv.slice(2), {
  stdout: text => void process.stdout.write(text),
  stderr: text => void process.stderr.write(text),
  env: process.env,
  cwd: process.cwd(),
  isTTY: process.stdout.isTTY === true,
  clock: systemClock,
  wait: milliseconds => setTimeout(milliseconds)
})
// Files, pipes and terminals are written synchronously here, so nothing is cut off.
process.exit(code)
