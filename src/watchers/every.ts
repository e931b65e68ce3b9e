/** A repeated call that does not keep the process alive. */

/** Calls `work` every `ms` milliseconds. Returns a stop function. */
export function every(ms: number, work: () => void): () => void {
  const timer = setInterval(work, ms)
  timer.unref()
  return () => clearInterval(timer)
}
