/**
 * A thread that hashes, one password after the other, and gives way to everything else: who is signed in must not wait for who signs
 * in. No TypeScript, since Node 20 loads none in a thread while the tests run from source. Started by hash-threads.ts; knows no queue.
 */
import { execFileSync } from 'node:child_process'
import { readlinkSync } from 'node:fs'
import os from 'node:os'
import { parentPort, workerData } from 'node:worker_threads'
import { hashSync, verifySync } from '@node-rs/argon2'

/** A tenth of a core where all of them are busy, which still is a dozen sign-ins a second. */
const niceness = 10

// Only on Linux a thread has a priority of its own; elsewhere it would be the whole process's.
if (process.platform === 'linux') os.setPriority(niceness)
if (workerData.onlyWhenIdle) parentPort.postMessage({ onlyWhenIdle: waitForIdleCores() })

/**
 * Whether this thread runs from now on only where a core has nothing else to do (SCHED_IDLE, sched(7)). A niceness says how much a thread
 * gets in the end, and still lets it keep a core for its whole slice from whoever wakes up there. Node sets nicenesses only.
 */
function waitForIdleCores() {
  try {
    const id = readlinkSync('/proc/thread-self').split('/').at(-1)
    execFileSync('chrt', ['-i', '-p', '0', id], { stdio: 'ignore', timeout: 2_000 })
    return true
  } catch {
    return false
  }
}

parentPort.on('message', ({ text, hashed, options }) => {
  try {
    parentPort.postMessage({ value: hashed === undefined ? hashSync(text, options) : verifySync(hashed, text) })
  } catch (error) {
    parentPort.postMessage({ error })
  }
})
