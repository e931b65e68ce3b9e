/** The thread that reads pages, so that no request waits for it. It answers each body with what it read, and its processor time. */
import { parentPort } from 'node:worker_threads'
import { type Body, readBody } from './read-body.ts'

const port = parentPort
if (port !== null)
  port.on('message', ({ id, body }: { readonly id: number; readonly body: Body }) => {
    const before = performance.now()
    readBody(body)
      .catch(() => null)
      .then(reading => port.postMessage({ id, reading, ms: performance.now() - before }))
  })
