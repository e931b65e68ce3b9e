#!/usr/bin/env node
/** The process: argv → command → exit code. Owns standard input and output; whatever else there is to know is in cli/run.ts. */
import { setTimeout } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { run } from './cli/run.ts'
import { systemClock } from './clock.ts'

// One request makes about ten kilobytes of short-lived objects. In a young generation that begins at 1 MB and grows by doubling, a
// busy gate spends a third of its time collecting; at the size it would come to in the end (16 MB), a twentieth.
setFlagsFromString('--semi-space-growth-factor=16')

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
