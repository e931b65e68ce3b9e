/** A file that is being written when a signal ends the command, such as the time limit of a nightly backup: it is not left under its final name. */
import { rmSync } from 'node:fs'

const signals = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const

/** Runs `work`, which writes `file`. A signal meanwhile removes the file, and then ends the process as it would have. `end` is for tests. */
export async function removedOnSignal<T>(
  file: string,
  work: () => Promise<T>,
  end: (signal: NodeJS.Signals) => void = signal => process.kill(process.pid, signal)
): Promise<T> {
  const stop = () => {
    for (const signal of signals) process.off(signal, onSignal)
  }
  const onSignal = (signal: NodeJS.Signals) => {
    stop()
    rmSync(file, { force: true })
    end(signal)
  }
  for (const signal of signals) process.on(signal, onSignal)
  try {
    return await work()
  } finally {
    stop()
  }
}
