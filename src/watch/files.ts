/**
 * Tells when one of a few files has changed: configuration, certificates, keys. Owns the noticing, by directory, since editors and
 * certificate tools replace files rather than write them; refuses to say what the change means.
 */
import { type FSWatcher, statSync, watch } from 'node:fs'
import path from 'node:path'

const settleMs = 100

/** Calls `changed` with the files that differ, once they have been still for a tenth of a second. Answers how to stop. */
export function watchFiles(files: readonly string[], changed: (files: string[]) => void): () => void {
  const marks = new Map(files.map(file => [file, mark(file)]))
  const watchers: FSWatcher[] = []
  let timer: NodeJS.Timeout | undefined
  const look = () => {
    const differing = [...marks].filter(([file, before]) => mark(file) !== before).map(([file]) => file)
    for (const file of differing) marks.set(file, mark(file))
    if (differing.length > 0) changed(differing)
  }
  let latest = files.map(mark).join()
  for (const directory of new Set(files.map(file => path.dirname(file)))) {
    try {
      const watcher = watch(directory, { persistent: false }, () => {
        // A neighbour that never rests, such as a journal, must not put the look off for ever.
        const now = files.map(mark).join()
        if (now === latest) return
        latest = now
        clearTimeout(timer)
        timer = setTimeout(look, settleMs)
        timer.unref()
      })
      watcher.on('error', () => watcher.close())
      watchers.push(watcher)
    } catch {
      // A directory that is gone has nothing to tell; SIGHUP still reloads.
    }
  }
  return () => {
    clearTimeout(timer)
    for (const watcher of watchers) watcher.close()
  }
}

/** What tells one state of a file from another; follows links, as certificate tools swap those. */
function mark(file: string): string {
  try {
    const { ino, size, mtimeMs } = statSync(file)
    return `${ino}:${size}:${mtimeMs}`
  } catch {
    return 'absent'
  }
}
