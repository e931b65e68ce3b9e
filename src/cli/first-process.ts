/**
 * The program as the first process of a container. The kernel keeps signals from that one unless it handles them, so Ctrl+C would not end a
 * command, and a stop would not end a gate that is still starting.
 */
import { constants } from 'node:os'

/** The signals that end a command. */
export const endingSignals = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const

/** Handles signals as the kernel would for another process, unless somebody else listens to them too. */
export function endBySignals(): void {
  if (process.pid !== 1) return
  for (const signal of endingSignals)
    process.on(signal, () => {
      if (process.listenerCount(signal) === 1) process.exit(128 + constants.signals[signal])
    })
}
