/** The thread that reads pages, so that no request waits for it. It answers each body with what it read, and its processor time. */
import { readFileSync } from 'node:fs'
import { parentPort } from 'node:worker_threads'
import { type Body, readBody } from './read-body.ts'

const port = parentPort
if (port !== null)
  port.on('message', ({ id, body }: { readonly id: number; readonly body: Body }) => {
    const before = spentMs()
    readBody(body)
      .catch(() => null)
      .then(reading => port.postMessage({ id, reading, ms: spentMs() - before }))
  })

/**
 * Milliseconds of processor that this thread has had. On a busy machine the time that passes is many times that, and the gate would read fewer
 * pages than it may. Where the system does not count it (proc(5), `schedstat`), the time that passes.
 */
function spentMs(): number {
  try {
    const nanoseconds = Number(readFileSync('/proc/thread-self/schedstat', 'latin1').split(' ')[0])
    if (nanoseconds > 0) return nanoseconds / 1e6
  } catch {}
  return performance.now()
}
