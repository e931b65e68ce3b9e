/** A time limit for others, such as a disk, which does not run out while this process is too busy to hear them. */

const parts = 20

/**
 * Calls `act` after `ms` milliseconds. Each turn of the event loop counts as a twentieth of them at most: under a flood a turn takes long, and an answer takes
 * several turns to be heard. Returns a function that ends the wait.
 */
export function afterOwnTime(ms: number, act: () => void): () => void {
  let left = parts
  let timer: NodeJS.Timeout
  let turn: NodeJS.Immediate | undefined
  const next = () => {
    timer = setTimeout(() => {
      if (--left === 0) act()
      else turn = setImmediate(next)
    }, ms / parts)
  }
  next()
  return () => {
    clearTimeout(timer)
    clearImmediate(turn)
  }
}
