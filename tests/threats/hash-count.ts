/**
 * Counts what the processes of `src/identity/hash-processes.ts` are asked to do. Import it before anything that loads the gate. Owns the counts;
 * knows no password.
 */
import { seeHashWork } from '../helpers/hash-work.ts'

/** How many were begun, how many are under way, and the most there ever were at once. What two processes are asked to do counts once. */
export const hashes = { begun: 0, running: 0, most: 0 }

const known = new WeakSet<object>()
const ended = new WeakSet<object>()

seeHashWork((child, work, give) => {
  if (!known.has(work)) {
    known.add(work)
    hashes.begun++
    hashes.running++
    hashes.most = Math.max(hashes.most, hashes.running)
  }
  const end = () => {
    child.off('message', hear).off('exit', end)
    if (!ended.has(work)) hashes.running--
    ended.add(work)
  }
  const hear = (said: object) => {
    if (!('isReady' in said)) end()
  }
  child.on('message', hear).on('exit', end)
  give()
})
