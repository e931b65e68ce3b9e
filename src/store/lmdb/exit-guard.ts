/**
 * Lets a process end that has a transaction in flight, by `process.exit` or by an error that nobody catches. Node joins the threads of
 * its pool at the exit, and LMDB's thread would wait for ever for the event loop to run the transaction.
 */
import { writeSync } from 'node:fs'
import { inspect } from 'node:util'

let inFlight = 0
let isGuarded = false
/** The error that nobody catches. Node prints it after the `exit` event, which is too late for a process that is killed there. */
let uncaught: { readonly error: unknown } | null = null

/** Counts `transaction` as in flight until it settles. An exit meanwhile ends the process at once: with its code where Node.js can, otherwise with SIGKILL. */
export function guardExit<T>(transaction: Promise<T>): Promise<T> {
  guard()
  inFlight++
  return transaction.finally(() => {
    inFlight--
  })
}

/** As an error that nobody catches: a gate ends in order then, so that its supervisor starts it again. Call it once: a gate that is told twice cuts what it serves. */
export function endProcess(error: Error): void {
  setImmediate(() => {
    throw error
  })
}

function guard(): void {
  if (isGuarded) return
  isGuarded = true
  process.on('uncaughtExceptionMonitor', error => {
    if (process.listenerCount('uncaughtException') === 0) uncaught = { error }
  })
  process.once('exit', code => {
    if (inFlight === 0) return
    if (uncaught !== null) printError(uncaught.error)
    becomeExit(code)
    process.kill(process.pid, 'SIGKILL')
  })
}

/** Node.js 22.15 and newer can become another program, which drops all threads and ends with the exit code. */
function becomeExit(code: number): void {
  const { execve } = process as { execve?: (file: string, args: readonly string[], env: NodeJS.ProcessEnv) => void }
  execve?.call(process, process.execPath, [process.execPath, '-e', `process.exit(${code})`], {})
}

function printError(error: unknown): void {
  try {
    writeSync(process.stderr.fd, `${inspect(error)}\n`)
  } catch {
    // Nobody reads what the process says, and it ends all the same.
  }
}
