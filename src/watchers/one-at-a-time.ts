/** A runner that never runs its work twice at once. */

/** Returns a function that runs `work`. Calls during a run cause one more run. `failed` gets the errors. */
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
