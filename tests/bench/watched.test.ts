import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import t from 'tap'
import { forgetPeak, memory } from './processes.ts'
import { watched } from './watched.ts'

/** Holds so many bytes in another thread and lets go of them, while this one stands still, so that no look falls between. */
async function holdForAMoment(bytes: number): Promise<void> {
  const done = new Int32Array(new SharedArrayBuffer(4))
  const code = `
    const { workerData: { done, bytes } } = require('node:worker_threads')
    require('node:v8').setFlagsFromString('--expose-gc')
    // Another test of this process may have made \`gc\` a global already.
    const collect = require('node:vm').runInNewContext('gc')
    ;(() => new Uint8Array(bytes).fill(1))()
    collect()
    Atomics.store(done, 0, 1)
    Atomics.notify(done, 0)`
  const worker = new Worker(code, { eval: true, workerData: { done, bytes } })
  const gone = once(worker, 'exit')
  if (Atomics.wait(done, 0, 0, 60_000) === 'timed-out') throw new Error('the other thread has not come so far')
  await gone
}

t.test(
  'memory that is held for a moment between two looks is seen, and what was held before is not',
  { skip: forgetPeak(process.pid) ? false : 'the kernel does not tell' },
  async t => {
    const before = memory(process.pid)!.now
    const { peakMemory } = await watched(process.pid, () => holdForAMoment(200e6))
    t.ok(peakMemory! > before + 150, `${peakMemory} MB`)
    const quiet = await watched(process.pid, async () => {})
    t.ok(quiet.peakMemory! < before + 150, `${quiet.peakMemory} MB`)
  }
)
