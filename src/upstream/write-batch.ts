/** Batches writes until the end of the event-loop iteration, so that each peer is woken once. */

let due: (() => void)[] = []

/** `write` must not throw. */
export function batchWrite(write: () => void): void {
  if (due.push(write) === 1) setImmediate(writeAll)
}

function writeAll(): void {
  const now = due
  due = []
  for (const write of now) write()
}
