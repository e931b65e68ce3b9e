/** Brings the search index up to date in a thread. */
import { workerData } from 'node:worker_threads'
import { JournalReader } from './journal-reader.ts'

const { path, minimum } = workerData as { readonly path: string; readonly minimum: number }
await new JournalReader({ path }).index({ minimum })
