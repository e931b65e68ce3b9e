/** Time limits that also end other waits. */
import { setMaxListeners } from 'node:events'

/**
 * Aborts with a TimeoutError, or when one of `signals` aborts, and keeps no process alive. With `AbortSignal.any`, Node.js 20 loses a timeout that nothing else
 * holds at a garbage collection, and keeps something of each joined signal.
 */
export function deadlineSignal(ms: number, ...signals: readonly AbortSignal[]): AbortSignal {
  const ending = new AbortController()
  const end = (reason: unknown) => {
    clearTimeout(timer)
    for (const signal of signals) signal.removeEventListener('abort', hear)
    ending.abort(reason)
  }
  const hear = ({ target }: Event) => end((target as AbortSignal).reason)
  const late = () => end(new DOMException('The operation was aborted due to timeout', 'TimeoutError'))
  const timer = setTimeout(late, ms)
  timer.unref()
  // Without a target, the call would be for all emitters of the process.
  if (signals.length > 0) setMaxListeners(0, ...signals)
  const ended = signals.find(({ aborted }) => aborted)
  if (ended !== undefined) end(ended.reason)
  else for (const signal of signals) signal.addEventListener('abort', hear)
  return ending.signal
}
