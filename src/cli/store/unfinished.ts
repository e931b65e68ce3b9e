/** A file that is being written. If the command ends meanwhile, such as by the time limit of a nightly backup, it does not keep its final name. */
import { rmSync } from 'node:fs'
import path from 'node:path'
import { endingSignals } from '../first-process.ts'
import { asOwnerOfNow } from '../owner.ts'

interface Steps<File, Result> {
  /** If it rejects, there is no file. */
  readonly make: () => Promise<File>
  readonly write: (file: File) => Promise<Result>
  /** Called if the unfinished file could not be removed. */
  readonly onLeft: (error: unknown) => void
  /** For tests. Default: the signal ends the process. */
  readonly end?: (signal: NodeJS.Signals) => void
}

/** If this fails, or a signal comes, the file is removed, as the owner of its folder. */
export async function written<File, Result>(
  target: string,
  { make, write, onLeft, end = signal => process.kill(process.pid, signal) }: Steps<File, Result>
): Promise<Result> {
  let isMade = false
  let early: NodeJS.Signals | null = null
  const stop = () => {
    for (const signal of endingSignals) process.off(signal, onSignal)
  }
  // This is synchronous: the command goes on meanwhile as another user, and a second signal must not come in between.
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
    // Before `make`, a file in this place belongs to somebody else.
    if (isMade) endBy(signal)
    else early ??= signal
  }
  for (const signal of endingSignals) process.on(signal, onSignal)
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
