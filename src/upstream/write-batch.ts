/**
 * Batches writes until the end of the event-loop iteration, in order, so a peer is woken once; waking is half the
 * cost of a request.
 */

let due: (() => void)[] = []

/** Runs `write` once everything received so far is read. It must not throw. */
export function batchWrite(write: () => void): void {
  if (due.push(write) === 1) setImmediate(writeAll)
}

function writeAll(): void {
  const now = due
  due = []
  for (const write of now) write()
}
