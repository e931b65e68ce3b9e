/** Work that is asked for faster than it is done. Owns that it never runs beside itself; refuses to queue more than one further run. */

/**
 * Answers how to ask for `work`. Asked while it runs, it runs once more afterwards, however often it was asked: the last run has seen
 * everything. `failed` hears what a run rejects with.
 */
export function oneAtATime(work: () => Promise<void>, failed: (error: unknown) => void): () => void {
  let isRunning = false
  let again = false
  const run = async () => {
    isRunning = true
    do {
      again = false
      await work().catch(failed)
    } while (again)
    isRunning = false
  }
  return () => {
    if (isRunning) again = true
    else void run()
  }
}
