/**
 * What a hashing process runs: one password after the other, asked and answered over the channel of whoever started it (hash-process.ts), with
 * which it ends. No TypeScript, since Node 20 loads none while the tests run from source. Knows no queue and no priority.
 */
import { hashSync, verifySync } from '@node-rs/argon2'

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
