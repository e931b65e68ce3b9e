/**
 * Tells when one of a few files has changed: configuration, certificates, keys, secrets. Owns the noticing, however a file is changed:
 * written, replaced, linked elsewhere at any step of a chain of links, in a folder that was replaced, on a disk that tells nothing (network
 * file systems). Refuses to say what the change means.
 */
import { createHash } from 'node:crypto'
import {
  closeSync,
  constants,
  type FSWatcher,
  fstatSync,
  openSync,
  readFileSync,
  readlinkSync,
  type Stats,
  watch
} from 'node:fs'
import { open } from 'node:fs/promises'
import path from 'node:path'

/** A named pipe in a file's place must not hold the gate up. */
const readOnly = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0)
const settleMs = 100
/** How often the files are read though nothing was heard of them. Some file systems never tell, and a folder's watch ends with the folder. */
const slowMs = 5_000
/** More bytes than any of these files may have. */
const mostBytes = 4 * 1024 * 1024

export interface WatchOptions {
  /** Calls `look` again and again, slowly; answers how to stop. For tests; every five seconds otherwise. */
  readonly every?: (look: () => void) => () => void
  /** False: only the slow look is taken. For tests. */
  readonly listens?: boolean
  /** Answers a text that differs where the file's state does. For tests that count how often files are read. */
  readonly read?: (file: string) => Promise<string>
}

/** Calls `changed` with the files that differ, once they have been still for a tenth of a second. Answers how to stop. */
export function watchFiles(
  files: readonly string[],
  changed: (files: string[]) => void,
  options: WatchOptions = {}
): () => void {
  const { every = everyFiveSeconds, listens = true, read: readState = mark } = options
  // At once, so that no change after this call is taken for the first state.
  const marks = new Map(files.map(file => [file, markNow(file)]))
  const folders = new Map<string, FSWatcher>()
  let wanted: ReadonlyMap<string, ReadonlySet<string>> = new Map()
  let timer: NodeJS.Timeout | undefined
  let isStopped = false
  let looking: Promise<void> | null = null
  let latest = [...marks.values()].join()
  /** True where a folder may have been replaced: the watch of the old one hears nothing any more. */
  let isStale = false

  /** Reads all files. What differs from the last look is told once it has not differed for a moment. */
  const read = async () => {
    const now = await Promise.all(files.map(async file => [file, await readState(file)] as const))
    if (isStopped) return
    const state = now.map(([, state]) => state).join()
    // A neighbour that never rests, such as a journal, must not put this off for ever.
    if (state !== latest) {
      clearTimeout(timer)
      timer = setTimeout(() => tell(now), settleMs)
      timer.unref()
    }
    latest = state
    listen()
  }
  const tell = (now: readonly (readonly [string, string])[]) => {
    const differing = now.filter(([file, state]) => marks.get(file) !== state).map(([file]) => file)
    for (const [file, state] of now) marks.set(file, state)
    if (differing.length > 0 && !isStopped) changed(differing)
  }
  // One look at a time: a network file system may take its time, and must not hold anything else up. What is heard meanwhile asks for one more.
  let isWanted = false
  const look = () => {
    if (isStopped) return
    if (looking !== null) {
      isWanted = true
      return
    }
    looking = read().finally(() => {
      looking = null
      if (!isWanted) return
      isWanted = false
      look()
    })
  }
  const listen = () => {
    if (!listens) return
    if (isStale) {
      for (const watcher of folders.values()) watcher.close()
      folders.clear()
      isStale = false
    }
    wanted = entriesOf(files)
    for (const [folder, watcher] of folders)
      if (!wanted.has(folder)) {
        watcher.close()
        folders.delete(folder)
      }
    for (const folder of wanted.keys()) {
      if (folders.has(folder)) continue
      try {
        const watcher = watch(folder, { persistent: false }, (kind, name) => {
          // The journal often shares the key file's folder, and grows with every request: a neighbour asks for no look.
          if (name !== null && !wanted.get(folder)?.has(name)) return
          isStale ||= kind === 'rename'
          look()
        })
        watcher.on('error', () => {
          watcher.close()
          folders.delete(folder)
        })
        folders.set(folder, watcher)
      } catch {
        // A folder that is gone has nothing to tell, and a system may have no watches left: the slow look goes on.
      }
    }
  }
  listen()
  look()
  const stopSlow = every(() => {
    isStale = true
    look()
  })
  return () => {
    isStopped = true
    stopSlow()
    clearTimeout(timer)
    for (const watcher of folders.values()) watcher.close()
  }
}

function everyFiveSeconds(look: () => void): () => void {
  const timer = setInterval(look, slowMs)
  timer.unref()
  return () => clearInterval(timer)
}

/** What tells one state of a file from another: which file it is, and what it holds. Times alone are too coarse on some disks. */
async function mark(file: string): Promise<string> {
  try {
    const handle = await open(file, readOnly)
    try {
      const stat = await handle.stat()
      return markOf(stat, isShort(stat) ? await handle.readFile() : null)
    } finally {
      await handle.close()
    }
  } catch (error) {
    return absent(error)
  }
}

function markNow(file: string): string {
  try {
    const handle = openSync(file, readOnly)
    try {
      const stat = fstatSync(handle)
      return markOf(stat, isShort(stat) ? readFileSync(handle) : null)
    } finally {
      closeSync(handle)
    }
  } catch (error) {
    return absent(error)
  }
}

function isShort(stat: Stats): boolean {
  return stat.isFile() && stat.size <= mostBytes
}

function markOf({ dev, ino, size, mtimeMs, ctimeMs }: Stats, content: Buffer | null): string {
  const digest = content === null ? '' : createHash('sha256').update(content).digest('base64')
  return `${dev}:${ino}:${size}:${mtimeMs}:${ctimeMs}:${digest}`
}

function absent(error: unknown): string {
  return `absent: ${(error as NodeJS.ErrnoException).code}`
}

/**
 * Folders, and the names in each whose change may change one of `files`: the file's, each link's on the way to it (Kubernetes links `..data`,
 * certbot links `live` to `archive`), and that of the folder around each, which may be replaced itself.
 */
function entriesOf(files: readonly string[]): Map<string, Set<string>> {
  const found = new Map<string, Set<string>>()
  const add = (folder: string, name: string) => {
    const names = found.get(folder)
    // A system tells of the watched folder itself under the folder's own name.
    if (names === undefined) found.set(folder, new Set([name, path.basename(folder)]))
    else names.add(name)
  }
  const note = (folder: string, name: string) => {
    add(folder, name)
    add(path.dirname(folder), path.basename(folder))
  }
  for (const file of files) {
    let rest = path.resolve(file).split(path.sep).slice(1)
    let at: string = path.sep
    for (let steps = 0; rest.length > 0 && steps < 256; steps++) {
      const [name = '', ...after] = rest
      const here = path.join(at, name)
      const target = linkTarget(here)
      rest = after
      if (target === null) {
        if (rest.length === 0) note(at, name)
        at = here
      } else {
        note(at, name)
        const absolute = path.resolve(at, target)
        rest = [...absolute.split(path.sep).slice(1), ...after]
        at = path.sep
      }
    }
  }
  // A link in the root folder changes seldom; the slow look is enough there.
  found.delete(path.sep)
  return found
}

function linkTarget(file: string): string | null {
  try {
    return readlinkSync(file)
  } catch {
    return null
  }
}
