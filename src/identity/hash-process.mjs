/**
 * A process that hashes, one password after the other, and gives way to everything else: who is signed in must not wait for who signs in.
 * `hash-process.mjs idle|nice`, started by hash-processes.ts, by whose channel it is asked, and with whose channel it ends. No TypeScript,
 * since Node 20 loads none while the tests run from source. Knows no queue.
 */
import os from 'node:os'
import { hashSync, verifySync } from '@node-rs/argon2'

/** A tenth of a core where all of them are busy, which still is a dozen sign-ins a second. Who is of the idle class has none (sched(7)). */
const niceness = 10

try {
  if (process.argv[2] === 'nice' && os.getPriority() < niceness) os.setPriority(niceness)
} catch {
  // Not allowed here. It hashes all the same.
}

// A terminal or a service manager signals all processes at once, and the gate ends its sign-ins before it ends.
for (const signal of ['SIGHUP', 'SIGINT', 'SIGTERM']) process.on(signal, () => {})

process.on('message', ({ text, hashed, options }) => {
  try {
    process.send({ value: hashed === undefined ? hashSync(text, options) : verifySync(hashed, text) })
  } catch (error) {
    process.send({ error: String(error.message) })
  }
})
process.send({ isReady: true })
