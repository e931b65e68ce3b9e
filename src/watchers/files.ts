/** A watcher for changes of a few files. It notices replaced files and links, and also polls. */
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

/** Opening a named pipe must not block. */
const readOnly = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0)
const settleMs = 100
/** Polling interval in milliseconds, because some file systems send no events. */
const slowMs = 5_000
/** Larger files are compared without their content. */
const maxBytes = 4 * 1024 * 1024

interface WatchOptions {
  /** Calls `check` repeatedly and returns a stop function. For tests. Default: every five seconds. */
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
  // Synchronous, otherwise a change right after this call could count as the first state.
  const fingerprints = new Map(files.map(file => [file, fingerprintNow(file)]))
  const folders = new Map<string, FSWatcher>()
  let wanted: ReadonlyMap<string, ReadonlySet<string>> = new Map()
  let timer: NodeJS.Timeout | undefined
  let isStopped = false
  let checking: Promise<void> | null = null
  let latest = [...fingerprints.values()].join()
  /** True when a folder may have been replaced, which makes its watch useless. */
  let isStale = false

  const read = async () => {
    const now = await Promise.all(files.map(async file => [file, await readState(file)] as const))
    if (isStopped) return
    const state = now.map(([, state]) => state).join()
    // Only a different state restarts the delay, otherwise a busy file in the same folder would delay it for ever.
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
  // One check at a time, because a network file system may be slow. Events during a check cause one more.
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
          // Other files in the folder, such as a journal, cause no check.
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
        // The folder is gone, or the system allows no more watches: polling continues.
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

/** A text of the file's identity, times and content: on some disks times alone are too coarse. */
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
  return stat.isFile() && stat.size <= maxBytes
}

function fingerprintOf({ dev, ino, size, mtimeMs, ctimeMs }: Stats, content: Buffer | null): string {
  const digest = content === null ? '' : createHash('sha256').update(content).digest('base64')
  return `${dev}:${ino}:${size}:${mtimeMs}:${ctimeMs}:${digest}`
}

function absent(error: unknown): string {
  return `absent: ${(error as NodeJS.ErrnoException).code}`
}

/** The folders to watch, with the names in them that matter: the files, the links on their path, and parent folders. */
function entriesOf(files: readonly string[]): Map<string, Set<string>> {
  const found = new Map<string, Set<string>>()
  const add = (folder: string, name: string) => {
    const names = found.get(folder)
    // Some systems report changes of the watched folder under its own name.
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
  // The root folder is not watched, only polled.
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
