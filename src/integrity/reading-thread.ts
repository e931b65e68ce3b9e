/** The thread that reads pages. */
import { readFileSync } from 'node:fs'
import { parentPort } from 'node:worker_threads'
import { type Body, readBody } from './read-body.ts'

/** Null where the system does not count a thread's time (proc(5), `schedstat`). On a busy machine far more time passes. */
function processorMs(): number | null {
  try {
    const nanoseconds = Number(readFileSync('/proc/thread-self/schedstat', 'latin1').split(' ')[0])
    return nanoseconds > 0 ? nanoseconds / 1e6 : null
  } catch {
    return null
  }
}

const isCounted = processorMs() !== null
let accounted = spentMs(0)

function spentMs(otherwise: number): number {
  return isCounted ? (processorMs() ?? otherwise) : performance.now()
}

const port = parentPort
if (port !== null)
  port.on('message', ({ id, body }: { readonly id: number; readonly body: Body }) => {
    // A short run is counted late, so the next body gets what it misses.
    if (!isCounted) accounted = performance.now()
    readBody(body)
      .catch(() => null)
      .then(reading => {
        const spent = spentMs(accounted)
        const ms = spent - accounted
        accounted = spent
        port.postMessage({ id, reading, ms })
      })
  })
