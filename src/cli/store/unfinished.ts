/** A file that is being written. What ends the command meanwhile, such as the time limit of a nightly backup, does not leave it under its final name. */
import { rmSync } from 'node:fs'
import path from 'node:path'
import { asOwnerOfNow } from '../owner.ts'

const signals = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const

interface Steps<File, Result> {
  /** Makes the new file. If it rejects, there is none. */
  readonly make: () => Promise<File>
  readonly write: (file: File) => Promise<Result>
  /** Says that the unfinished file could not be removed. */
  readonly onLeft: (error: unknown) => void
  /** For tests. Default: the signal ends the process, as it would have. */
  readonly end?: (signal: NodeJS.Signals) => void
}

/** Makes the file at `target` and writes it. If that fails, or a signal comes meanwhile, the file is removed, as the owner of its folder. */
export async function written<File, Result>(
  target: string,
  { make, write, onLeft, end = signal => process.kill(process.pid, signal) }: Steps<File, Result>
): Promise<Result> {
  let isMade = false
  let early: NodeJS.Signals | null = null
  const stop = () => {
    for (const signal of signals) process.off(signal, onSignal)
  }
  // Synchronously, because the command goes on meanwhile as another user, and because a second signal must not come in between.
  const remove = () => asOwnerOfNow(path.dirname(target), () => rmSync(target, { force: true }))
  const endBy = (signal: NodeJS.Signals) => {
    stop()
    try {
      if (isMade) remove()
    } catch (error) {
      onLeft(error)
    } finally {
      end(signal)
    }
  }
  const onSignal = (signal: NodeJS.Signals) => {
    // A file that is there before `make` has made one belongs to somebody else.
    if (isMade) endBy(signal)
    else early ??= signal
  }
  for (const signal of signals) process.on(signal, onSignal)
  try {
    const file = await make()
    isMade = true
    if (early !== null) endBy(early)
    return await write(file)
  } catch (error) {
    if (isMade) remove()
    else if (early !== null) endBy(early)
    throw error
  } finally {
    stop()
  }
}
