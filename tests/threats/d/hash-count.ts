/** Counts the requests to the processes of `src/identity/password/hash-processes.ts`. It must be imported before the gate. */
import { seeHashWork } from '../../fixtures/in-process/hash-work.ts'

export const hashes = {
  /** Passwords that were asked about. Work that is tried again counts once. */
  begun: 0,
  running: 0,
  most: 0,
  /** Processes with work, and the most there ever were at once. */
  busy: 0,
  maxBusy: 0
}

const known = new WeakSet<object>()
const ended = new WeakSet<object>()

seeHashWork((child, work, give) => {
  if (!known.has(work)) {
    known.add(work)
    hashes.begun++
    hashes.running++
    hashes.most = Math.max(hashes.most, hashes.running)
  }
  hashes.busy++
  hashes.maxBusy = Math.max(hashes.maxBusy, hashes.busy)
  const end = () => {
    child.off('message', end).off('exit', end)
    hashes.busy--
    if (!ended.has(work)) hashes.running--
    ended.add(work)
  }
  child.on('message', end).on('exit', end)
  give()
})
