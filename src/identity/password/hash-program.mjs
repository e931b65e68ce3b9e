/** The program of a hashing process. It is JavaScript, since Node 20 loads no TypeScript. */
import os from 'node:os'
import { hashSync, verifySync } from '@node-rs/argon2'

// A terminal signals all processes, and the gate finishes its sign-ins first.
for (const signal of ['SIGHUP', 'SIGINT', 'SIGTERM']) process.on(signal, () => {})

// After the start, which would take two seconds at nice 10 on a busy machine.
const niceness = 10
try {
  if (os.getPriority() < niceness) os.setPriority(niceness)
} catch {
  // The system may not allow it.
}

process.on('message', ({ text, hashed, options }) => {
  try {
    process.send({ value: hashed === undefined ? hashSync(text, options) : verifySync(hashed, text) })
  } catch (error) {
    process.send({ error: String(error.message) })
  }
})
process.send({ isReady: true })
