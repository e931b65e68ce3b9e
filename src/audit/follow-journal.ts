/** The entries that are added to a journal, also while it is rotated. */
import { type FileHandle, open, stat } from 'node:fs/promises'
import { type Entry, entryOf } from './journal-files.ts'

interface JournalFollower {
  next(): Promise<Entry[]>
  close(): Promise<void>
}

const portion = 256 * 1024

/** It begins after the last line. */
export async function followJournal(file: string): Promise<JournalFollower> {
  let handle = await open(file, 'r')
  let at = (await handle.stat()).size
  let kept: Buffer = Buffer.alloc(0)

  async function rest(): Promise<Entry[]> {
    const entries: Entry[] = []
    for (;;) {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(portion), 0, portion, at)
      if (bytesRead === 0) return entries
      at += bytesRead
      const bytes = Buffer.concat([kept, buffer.subarray(0, bytesRead)])
      const end = bytes.lastIndexOf(0x0a) + 1
      kept = Buffer.from(bytes.subarray(end))
      for (const line of bytes.toString('utf8', 0, end).split('\n')) {
        const entry = entryOf(line)
        if (entry !== null) entries.push(entry)
      }
    }
  }

  return {
    async next() {
      const entries = await rest()
      if (!(await isOther(handle, file, at))) return entries
      const next = await open(file, 'r').catch(() => null)
      if (next === null) return entries
      await handle.close()
      handle = next
      at = 0
      kept = Buffer.alloc(0)
      return [...entries, ...(await rest())]
    },
    close: () => handle.close()
  }
}

/** Another file is there now, or the same one has lost lines. */
async function isOther(handle: FileHandle, file: string, at: number): Promise<boolean> {
  const [here, there] = [await handle.stat(), await stat(file).catch(() => null)]
  return there !== null && (there.ino !== here.ino || there.dev !== here.dev || there.size < at)
}
