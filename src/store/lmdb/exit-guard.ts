/**
 * Lets `process.exit` end a process that has a transaction in flight. Node joins the threads of its pool at the exit, and
 * LMDB's thread would wait for ever for the event loop to run the transaction.
 */

let inFlight = 0
let isGuarded = false
/** After an uncaught error Node prints it behind the `exit` event, and joins no thread. */
let isCrashing = false

/** Counts `transaction` as in flight until it settles. An exit meanwhile ends the process with SIGKILL. */
export function guardExit<T>(transaction: Promise<T>): Promise<T> {
  guard()
  inFlight++
  return transaction.finally(() => {
    inFlight--
  })
}

function guard(): void {
  if (isGuarded) return
  isGuarded = true
  process.once('uncaughtExceptionMonitor', () => {
    isCrashing = true
  })
  process.once('exit', () => {
    if (inFlight > 0 && !isCrashing) process.kill(process.pid, 'SIGKILL')
  })
}
