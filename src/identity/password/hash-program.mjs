/**
 * The program of a hashing process: one password after the other, asked and answered over the channel to the gate, with which it ends
 * (hash-processes.ts). It is no TypeScript, since Node 20 loads none while the tests run from source.
 */
import os from 'node:os'
import { hashSync, verifySync } from '@node-rs/argon2'

// A terminal or a service manager signals all processes at once, and the gate ends its sign-ins before it ends.
for (const signal of ['SIGHUP', 'SIGINT', 'SIGTERM']) process.on(signal, () => {})

// After the start, which would take two seconds on a busy machine otherwise. On Linux this sets the main thread, which is the one that hashes.
const niceness = 10
try {
  if (os.getPriority() < niceness) os.setPriority(niceness)
} catch {
  // It is not allowed here. The process hashes all the same.
}

process.on('message', ({ text, hashed, options }) => {
  try {
    process.send({ value: hashed === undefined ? hashSync(text, options) : verifySync(hashed, text) })
  } catch (error) {
    process.send({ error: String(error.message) })
  }
})
process.send({ isReady: true })
