/** Watches a few files for changes. It notices replaced files and links, and also polls. */
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
import { every } from './every.ts'
import { oneAtATime } from './one-at-a-time.ts'

/** Opening a named pipe must not block. */
const readOnly = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0)
const settleMs = 100
/** The polling interval in milliseconds. Some file systems send no events. */
const slowMs = 5_000
/** Larger files are compared without their content. */
const maxBytes = 4 * 1024 * 1024

interface WatchOptions {
  /** Returns a stop function. For tests. */
  readonly every?: (check: () => void) => () => void
  /** False: only polling. For tests. */
  readonly listens?: boolean
  /** Differs if the file differs. For tests. */
  readonly read?: (file: string) => Promise<string>
}

/** Calls `changed` with files that differ, once they have not changed for 100 ms. Returns a stop function. */
export function watchFiles(
  files: readonly string[],
  changed: (files: string[]) => void,
  options: WatchOptions = {}
): () => void {
  const { every: poll = check => every(slowMs, check), listens = true, read: readState = fingerprint } = options
  // Synchronous, otherwise a change right after this call could count as the first state.
  const fingerprints = new Map(files.map(file => [file, fingerprintNow(file)]))
  let latest = [...fingerprints.values()].join()
  let timer: NodeJS.Timeout | undefined
  let isStopped = false

  const read = async () => {
    if (isStopped) return
    const now = await Promise.all(files.map(async file => [file, await readState(file)] as const))
    if (isStopped) return
    const state = now.map(([, state]) => state).join()
    // Only a different state restarts the delay, otherwise a busy file in the same folder could delay it for ever.
    if (state !== latest) {
      clearTimeout(timer)
      timer = setTimeout(() => report(now), settleMs)
      timer.unref()
    }
    latest = state
    folders?.listen()
  }
  const report = (now: readonly (readonly [string, string])[]) => {
    const differing = now.filter(([file, state]) => fingerprints.get(file) !== state).map(([file]) => file)
    for (const [file, state] of now) fingerprints.set(file, state)
    if (differing.length > 0 && !isStopped) changed(differing)
  }
  // A network file system may be slow. Events during a check cause one more.
  const check = oneAtATime(read, error => void Promise.reject(error))
  const folders = listens ? new WatchedFolders(files, check) : null
  folders?.listen()
  check()
  const stopPolling = poll(() => {
    folders?.distrust()
    check()
  })
  return () => {
    isStopped = true
    stopPolling()
    clearTimeout(timer)
    folders?.close()
  }
}

class WatchedFolders {
  readonly #files: readonly string[]
  readonly #onEvent: () => void
  readonly #watchers = new Map<string, FSWatcher>()
  #wanted: ReadonlyMap<string, ReadonlySet<string>> = new Map()
  /** A folder may have been replaced, which makes its watch useless. */
  #isStale = false

  constructor(files: readonly string[], onEvent: () => void) {
    this.#files = files
    this.#onEvent = onEvent
  }

  /** The next `listen` watches all folders anew. */
  distrust(): void {
    this.#isStale = true
  }

  listen(): void {
    if (this.#isStale) this.close()
    this.#isStale = false
    this.#wanted = entriesOf(this.#files)
    for (const folder of [...this.#watchers.keys()]) if (!this.#wanted.has(folder)) this.#drop(folder)
    for (const folder of this.#wanted.keys()) if (!this.#watchers.has(folder)) this.#watch(folder)
  }

  close(): void {
    for (const folder of [...this.#watchers.keys()]) this.#drop(folder)
  }

  #watch(folder: string): void {
    try {
      const watcher = watch(folder, { persistent: false }, (kind, name) => {
        // Other files in the folder cause no check.
        if (name !== null && !this.#wanted.get(folder)?.has(name)) return
        this.#isStale ||= kind === 'rename'
        this.#onEvent()
      })
      watcher.on('error', () => this.#drop(folder))
      this.#watchers.set(folder, watcher)
    } catch {
      // The folder is gone, or there are no watches left: polling continues.
    }
  }

  #drop(folder: string): void {
    this.#watchers.get(folder)?.close()
    this.#watchers.delete(folder)
  }
}

/** A text of identity, times and content: on some disks times alone are too coarse. */
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

/** The folders to watch, with the names that matter in them: files, links on their path, and parent folders. */
function entriesOf(files: readonly string[]): Map<string, Set<string>> {
  const found = new Map<string, Set<string>>()
  const add = (folder: string, name: string) => {
    const names = found.get(folder)
    // Some systems report changes of a folder under its own name.
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
  // The root folder is only polled.
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
