/** A watcher for changes of a few files, also where they are replaced, linked elsewhere, or the file system sends no events. */
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

/** A named pipe must not block the gate. */
const readOnly = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0)
const settleMs = 100
/** Polling interval in milliseconds. Some file systems send no events, and the watch of a folder ends with it. */
const slowMs = 5_000
/** These files are smaller. */
const mostBytes = 4 * 1024 * 1024

export interface WatchOptions {
  /** Calls `check` repeatedly and returns a stop function. For tests; every five seconds otherwise. */
  readonly every?: (check: () => void) => () => void
  /** False: only polling. For tests. */
  readonly listens?: boolean
  /** Returns a text that differs where the file differs. For tests. */
  readonly read?: (file: string) => Promise<string>
}

/** Calls `changed` with the files that differ, once they have not changed for 100 ms. Returns a stop function. */
export function watchFiles(
  files: readonly string[],
  changed: (files: string[]) => void,
  options: WatchOptions = {}
): () => void {
  const { every = everyFiveSeconds, listens = true, read: readState = fingerprint } = options
  // Synchronous, so that no change after this call is taken for the first state.
  const fingerprints = new Map(files.map(file => [file, fingerprintNow(file)]))
  const folders = new Map<string, FSWatcher>()
  let wanted: ReadonlyMap<string, ReadonlySet<string>> = new Map()
  let timer: NodeJS.Timeout | undefined
  let isStopped = false
  let checking: Promise<void> | null = null
  let latest = [...fingerprints.values()].join()
  /** True when a folder may have been replaced, which ends its watch. */
  let isStale = false

  /** Reads all files, and reports the changed ones once they are stable. */
  const read = async () => {
    const now = await Promise.all(files.map(async file => [file, await readState(file)] as const))
    if (isStopped) return
    const state = now.map(([, state]) => state).join()
    // A neighbour that always changes, such as a journal, must not delay this for ever.
    if (state !== latest) {
      clearTimeout(timer)
      timer = setTimeout(() => report(now), settleMs)
      timer.unref()
    }
    latest = state
    listen()
  }
  const report = (now: readonly (readonly [string, string])[]) => {
    const differing = now.filter(([file, state]) => fingerprints.get(file) !== state).map(([file]) => file)
    for (const [file, state] of now) fingerprints.set(file, state)
    if (differing.length > 0 && !isStopped) changed(differing)
  }
  // One check at a time, since a network file system may be slow. An event meanwhile causes one more.
  let isWanted = false
  const check = () => {
    if (isStopped) return
    if (checking !== null) {
      isWanted = true
      return
    }
    checking = read().finally(() => {
      checking = null
      if (!isWanted) return
      isWanted = false
      check()
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
          // A growing journal in the same folder causes no check.
          if (name !== null && !wanted.get(folder)?.has(name)) return
          isStale ||= kind === 'rename'
          check()
        })
        watcher.on('error', () => {
          watcher.close()
          folders.delete(folder)
        })
        folders.set(folder, watcher)
      } catch {
        // The folder is gone, or no watches are left: polling goes on.
      }
    }
  }
  listen()
  check()
  const stopSlow = every(() => {
    isStale = true
    check()
  })
  return () => {
    isStopped = true
    stopSlow()
    clearTimeout(timer)
    for (const watcher of folders.values()) watcher.close()
  }
}

function everyFiveSeconds(check: () => void): () => void {
  const timer = setInterval(check, slowMs)
  timer.unref()
  return () => clearInterval(timer)
}

/** The file's identity and content. Times alone are too coarse on some disks. */
async function fingerprint(file: string): Promise<string> {
  try {
    const handle = await open(file, readOnly)
    try {
      const stat = await handle.stat()
      return fingerprintOf(stat, isShort(stat) ? await handle.readFile() : null)
    } finally {
      await handle.close()
    }
  } catch (error) {
    return absent(error)
  }
}

function fingerprintNow(file: string): string {
  try {
    const handle = openSync(file, readOnly)
    try {
      const stat = fstatSync(handle)
      return fingerprintOf(stat, isShort(stat) ? readFileSync(handle) : null)
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

function fingerprintOf({ dev, ino, size, mtimeMs, ctimeMs }: Stats, content: Buffer | null): string {
  const digest = content === null ? '' : createHash('sha256').update(content).digest('base64')
  return `${dev}:${ino}:${size}:${mtimeMs}:${ctimeMs}:${digest}`
}

function absent(error: unknown): string {
  return `absent: ${(error as NodeJS.ErrnoException).code}`
}

/** Folders to watch, with the names that matter: the file, each link to it (Kubernetes `..data`, certbot `live`) and the folder itself. */
function entriesOf(files: readonly string[]): Map<string, Set<string>> {
  const found = new Map<string, Set<string>>()
  const add = (folder: string, name: string) => {
    const names = found.get(folder)
    // Some systems report the watched folder under its own name.
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
  // Links in the root folder are left to polling.
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
