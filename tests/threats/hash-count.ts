/**
 * Counts what the threads of `src/identity/hash-threads.ts` are asked to do. Import it before anything that loads the gate. Owns the counts; knows
 * no password.
 */
import { Worker } from 'node:worker_threads'

/** How many were begun, how many are under way, and the most there ever were at once. What two threads are asked to do counts once. */
export const hashes = { begun: 0, running: 0, most: 0 }

const known = new WeakSet<object>()
const ended = new WeakSet<object>()
const post = Worker.prototype.postMessage
Worker.prototype.postMessage = function (this: Worker, message: unknown, ...more: []) {
  if (typeof message === 'object' && message !== null && 'text' in message) {
    if (!known.has(message)) {
      known.add(message)
      hashes.begun++
      hashes.running++
      hashes.most = Math.max(hashes.most, hashes.running)
    }
    const hear = (said: object) => {
      if (!('value' in said || 'error' in said)) return
      this.off('message', hear)
      if (!ended.has(message)) hashes.running--
      ended.add(message)
    }
    this.on('message', hear)
  }
  post.call(this, message, ...more)
}
