/**
 * What is written goes out together, at the end of the turn in which it came up: a busy gate reads many sockets in one turn, and a peer
 * that is woken once for all it gets costs less than one that is woken for each, which is half of what a request costs here. Owns the
 * order, which is that of asking; adds nothing to a gate that has one thing to do, since its turn ends at once.
 */

let due: (() => void)[] = []

/** Runs `write` when everything that has come in by now has been read. It must not throw. */
export function batchWrite(write: () => void): void {
  if (due.push(write) === 1) setImmediate(writeAll)
}

function writeAll(): void {
  const now = due
  due = []
  for (const write of now) write()
}
