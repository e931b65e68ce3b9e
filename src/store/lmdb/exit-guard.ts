/** Lets a process end that has a transaction in flight. Node joins its threads at the exit, and LMDB's would wait for the event loop for ever. */
import { writeSync } from 'node:fs'
import { inspect } from 'node:util'

let inFlight = 0
let isGuarded = false
/** Node prints an uncaught error after `exit`, which is too late for a process that is killed there. */
let uncaught: { readonly error: unknown } | null = null

/** An exit meanwhile ends the process at once: with its code where Node.js can, otherwise with SIGKILL. */
export function guardExit<T>(transaction: Promise<T>): Promise<T> {
  guard()
  inFlight++
  return transaction.finally(() => {
    inFlight--
  })
}

/** Throws the error uncaught, which ends a gate in order, so that its supervisor starts it again. Call it once: a second error cuts what the gate serves. */
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

/** Node.js 22.15 and newer can become another program, which drops all threads. */
function becomeExit(code: number): void {
  const { execve } = process as { execve?: (file: string, args: readonly string[], env: NodeJS.ProcessEnv) => void }
  execve?.call(process, process.execPath, [process.execPath, '-e', `process.exit(${code})`], {})
}

function printError(error: unknown): void {
  try {
    writeSync(process.stderr.fd, `${inspect(error)}\n`)
  } catch {
    // Nobody reads stderr.
  }
}
