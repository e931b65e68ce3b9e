/** Reads the files of revocation lists: short ones at once, long ones in a thread. */
import { readFile, stat } from 'node:fs/promises'
import { Worker } from 'node:worker_threads'
import type { ListsOutcome } from './lists-thread.ts'
import { packLists, RevocationList } from './revocation-list.ts'

/** These are read within a few milliseconds. */
const maxReadAtOnceBytes = 256 * 1024

// Built code is JavaScript, tests use TypeScript.
const program = new URL(import.meta.url.endsWith('.ts') ? './lists-thread.ts' : './lists-thread.js', import.meta.url)

/** Rejects with an Error in words for operators. */
export async function readLists(files: readonly string[]): Promise<RevocationList[]> {
  const read = async (file: string) => {
    try {
      if ((await stat(file)).size <= maxReadAtOnceBytes) return packLists(await readFile(file))
    } catch (error) {
      const { message } = error as Error
      throw new Error(`the revocation list ${file} cannot be used: it ${message}`, { cause: error })
    }
    return readInThread(file)
  }
  const packed = await Promise.all(files.map(read))
  return packed.flat().map(each => new RevocationList(each))
}

function readInThread(file: string): Promise<Extract<ListsOutcome, { kind: 'read' }>['lists']> {
  return new Promise((resolve, reject) => {
    // The gate's environment may hold secrets.
    const worker = new Worker(program, { workerData: [file], env: {} })
    worker.unref()
    worker.on('message', (outcome: ListsOutcome) =>
      outcome.kind === 'read' ? resolve(outcome.lists) : reject(new Error(outcome.problem))
    )
    worker.on('error', reject)
    worker.on('exit', () =>
      reject(new Error(`the thread that reads the revocation list ${file} ended without an answer`))
    )
  })
}
