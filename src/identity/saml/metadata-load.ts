/** Runs the thread that reads one metadata file or address, with bounded memory. */
import { Worker } from 'node:worker_threads'
import type { MetadataOutcome, MetadataTask } from './metadata-thread.ts'

/** Megabytes for an aggregate's providers; the text itself streams. */
const heapMegabytes = 512

// Built code is JavaScript, tests use TypeScript.
const program = new URL(
  import.meta.url.endsWith('.ts') ? './metadata-thread.ts' : './metadata-thread.js',
  import.meta.url
)

/** Never rejects: a failure is a refusal. `signal` ends it early. */
export function loadMetadata(task: MetadataTask, signal: AbortSignal): Promise<MetadataOutcome> {
  return new Promise(resolve => {
    const refused = (problem: string) => resolve({ kind: 'refused', problem })
    if (signal.aborted) return refused('the gate ends')
    const worker = new Worker(program, {
      workerData: task,
      // The gate's environment may hold secrets.
      env: {},
      resourceLimits: { maxOldGenerationSizeMb: heapMegabytes }
    })
    const stop = () => void worker.terminate()
    signal.addEventListener('abort', stop, { once: true })
    worker.unref()
    worker.on('message', (outcome: MetadataOutcome) => resolve(outcome))
    worker.on('error', (error: NodeJS.ErrnoException) =>
      refused(
        error.code === 'ERR_WORKER_OUT_OF_MEMORY'
          ? `the metadata describes more than fits into ${heapMegabytes} MB; use an MDQ server (mdq:…), or name the identity providers (idp)`
          : error.message
      )
    )
    worker.on('exit', () => {
      signal.removeEventListener('abort', stop)
      refused('the thread that reads metadata ended without an answer')
    })
  })
}
