/** A runner that never runs its work twice at once. */

/** Calls during a run cause one more run. */
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
