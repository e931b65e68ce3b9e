/** The thread that reads pages, so that no request waits for it. It answers each body with what it read, and its processor time. */
import { readFileSync } from 'node:fs'
import { parentPort } from 'node:worker_threads'
import { type Body, readBody } from './read-body.ts'

/**
 * Milliseconds of processor that this thread has had; null where the system does not count it (proc(5), `schedstat`). On a busy machine the time that
 * passes is many times that, and the gate would read fewer pages than it may.
 */
function processorMs(): number | null {
  try {
    const nanoseconds = Number(readFileSync('/proc/thread-self/schedstat', 'latin1').split(' ')[0])
    return nanoseconds > 0 ? nanoseconds / 1e6 : null
  } catch {
    return null
  }
}

const isCounted = processorMs() !== null
/** The reading until which the time is accounted for. */
let accounted = spentMs(0)

function spentMs(otherwise: number): number {
  return isCounted ? (processorMs() ?? otherwise) : performance.now()
}

const port = parentPort
if (port !== null)
  port.on('message', ({ id, body }: { readonly id: number; readonly body: Body }) => {
    // The thread does nothing else. The system counts a thread that runs only now and then, so what it misses belongs to the next body.
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
