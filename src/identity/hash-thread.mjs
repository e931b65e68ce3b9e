/**
 * A thread that hashes, one password after the other, and gives way to everything else: who is signed in must not wait for who signs
 * in. No TypeScript, since Node 20 loads none in a thread while the tests run from source. Started by hash-threads.ts; knows no queue.
 */
import os from 'node:os'
import { parentPort } from 'node:worker_threads'
import { hashSync, verifySync } from '@node-rs/argon2'

/** A tenth of a core where all of them are busy, which still is a dozen sign-ins a second. The lowest priority of all would be none. */
const niceness = 10

// Only on Linux a thread has a priority of its own; elsewhere it would be the whole process's.
if (process.platform === 'linux') os.setPriority(niceness)

parentPort.on('message', ({ text, hashed, options }) => {
  try {
    parentPort.postMessage({ value: hashed === undefined ? hashSync(text, options) : verifySync(hashed, text) })
  } catch (error) {
    parentPort.postMessage({ error })
  }
})
