/** Time limits that end other waits as well. */

/**
 * Aborts after `ms` milliseconds with a TimeoutError, or when one of `signals` aborts. It does not keep the process alive.
 * Node.js 20 forgets an `AbortSignal.timeout` that only `AbortSignal.any` knows: after a garbage collection it never fires. A listener of its own keeps it.
 */
export function deadlineSignal(ms: number, ...signals: readonly AbortSignal[]): AbortSignal {
  const deadline = AbortSignal.timeout(ms)
  if (signals.length === 0) return deadline
  deadline.addEventListener('abort', () => {}, { once: true })
  return AbortSignal.any([deadline, ...signals])
}
