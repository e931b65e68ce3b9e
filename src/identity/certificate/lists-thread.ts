/** The thread that reads revocation lists, so that the gate goes on meanwhile: a list of 50 MB has half a million entries. */
import { readFile } from 'node:fs/promises'
import { parentPort, workerData } from 'node:worker_threads'
import { DerError } from './der.ts'
import { type PackedList, packLists } from './revocation-list.ts'

/** `problem` is one line for operators. */
export type ListsOutcome =
  | { readonly kind: 'read'; readonly lists: readonly PackedList[] }
  | { readonly kind: 'refused'; readonly problem: string }

async function read(files: readonly string[]): Promise<ListsOutcome> {
  const lists: PackedList[] = []
  for (const file of files)
    try {
      lists.push(...packLists(await readFile(file)).map(({ der, serials }) => ({ der: new Uint8Array(der), serials })))
    } catch (error) {
      if (!(error instanceof DerError || (error as NodeJS.ErrnoException).code !== undefined)) throw error
      const { message } = error as Error
      return { kind: 'refused', problem: `the revocation list ${file} cannot be used: it ${message}` }
    }
  return { kind: 'read', lists }
}

if (parentPort !== null) {
  const outcome = await read(workerData as readonly string[])
  const buffers =
    outcome.kind === 'read' ? outcome.lists.flatMap(({ der, serials }) => [der.buffer, serials.buffer]) : []
  parentPort.postMessage(outcome, buffers as ArrayBuffer[])
}
