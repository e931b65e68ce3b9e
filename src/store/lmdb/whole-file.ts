/**
 * Whether LMDB's file is whole and of one state. LMDB trusts it: a missing page (an interrupted copy) ends the process with SIGBUS, pages of several states (a
 * copy of a store in use) with SIGSEGV.
 */
import { closeSync, existsSync, fstatSync, openSync, readSync } from 'node:fs'

/** The layout in mdb.c (MDB_page_header, MDB_meta, MDB_db, MDB_node). Positions on a page count from the end of its header (PAGEBASE). */
const headerBytes = 24
const nodeBytes = 8
const meta = {
  pageSize: headerBytes + 24,
  trees: [headerBytes + 24, headerBytes + 72],
  lastPage: headerBytes + 120,
  commit: headerBytes + 128
}
/** The page size of the gate's stores. */
const metaPageBytes = 4096
const pageIs = { branch: 0x01, leaf: 0x02, either: 0x03 }
const valueIs = { onOwnPages: 0x01, tree: 0x02 }
const tree = { bytes: 48, depth: 6, entries: 32, root: 40 }
const emptyTree = 2 ** 64

interface Snapshot {
  readonly commit: number
  readonly lastPage: number
  readonly trees: readonly Tree[]
}

interface Tree {
  readonly root: number
  readonly depth: number
  readonly entries: number
  /** The newest transaction that may have written its root. */
  readonly commit: number
}

/** `cut`: pages lie beyond the end of the file. `mixed`: they are of several states. */
type FileFault = 'cut' | 'mixed'

/** Also null for a large file that has all its pages. */
export function faultOf(path: string): FileFault | null {
  const file = openSync(path, 'r')
  try {
    const first = readAt(file, 0, 4096)
    const pageSize = first.length < 4096 ? 0 : first.readUInt32LE(meta.pageSize)
    if (pageSize < 256) return 'cut'
    for (let look = 0; look < maxLooks; look++) {
      const count = Math.floor(fstatSync(file).size / pageSize)
      const snapshot = newest(file, pageSize)
      if (snapshot === null) return 'cut'
      const { commit, lastPage, trees } = snapshot
      // Free pages at the end may never have been written, so a short file may be whole.
      if (count > lastPage && lastPage > maxPages) return null
      const fault = faultIn(file, { pageSize, count, seen: new Set() }, trees)
      // A writer may have used these pages again.
      if (fault === null || newest(file, pageSize)?.commit === commit) return fault
    }
    // A file that is written all the time is no copy.
    return null
  } finally {
    closeSync(file)
  }
}

/** Walking so many pages takes a fraction of a second. */
const maxPages = 25_000
const maxLooks = 20

function newest(file: number, pageSize: number): Snapshot | null {
  const [one, other] = [0, pageSize].map(position => {
    const page = readAt(file, position, pageSize)
    if (page.length < pageSize) return null
    const commit = wordAt(page, meta.commit)
    const trees = meta.trees.map(at => treeAt(page, at, commit))
    return { commit, lastPage: wordAt(page, meta.lastPage), trees }
  })
  if (one == null || other == null) return null
  return one.commit > other.commit ? one : other
}

interface NewestMeta {
  readonly commit: bigint
  readonly lastPage: number
}

/** From the last page's number on the first meta page to the commit's on the second. Each write reads them, so the buffer is kept. */
const metaWords = Buffer.alloc(metaPageBytes + meta.commit + 8 - meta.lastPage)

export function newestMeta(file: number): NewestMeta | null {
  if (readSync(file, metaWords, 0, metaWords.length, meta.lastPage) < metaWords.length) return null
  const at = meta.commit - meta.lastPage
  const one = metaWords.readBigUInt64LE(at)
  const other = metaWords.readBigUInt64LE(metaPageBytes + at)
  const newer = one > other ? 0 : metaPageBytes
  return { commit: newer === 0 ? one : other, lastPage: wordAt(metaWords, newer) }
}

export function commitOf(path: string): bigint | null {
  if (!existsSync(path)) return null
  const file = openSync(path, 'r')
  try {
    return newestMeta(file)?.commit ?? null
  } finally {
    closeSync(file)
  }
}

interface Extent {
  readonly pageSize: number
  readonly count: number
  /** A page has one place in all trees. */
  readonly seen: Set<number>
}

function faultIn(file: number, extent: Extent, trees: readonly Tree[]): FileFault | null {
  try {
    for (const each of trees) {
      const fault = walk(file, extent, each)
      if (fault !== null) return fault
    }
    return null
  } catch (error) {
    // A number on the page leads out of it.
    if (error instanceof RangeError) return 'mixed'
    throw error
  }
}

function walk(file: number, extent: Extent, whole: Tree): FileFault | null {
  if (whole.root === emptyTree) return null
  const { pageSize, count, seen } = extent
  const waiting = [{ number: whole.root, depth: whole.depth, commit: whole.commit }]
  let entries = 0
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { number, depth, commit } = next
    if (number >= count) return 'cut'
    if (seen.has(number)) return 'mixed'
    seen.add(number)
    const page = readAt(file, number * pageSize, pageSize)
    const flags = page.readUInt16LE(18)
    const written = wordAt(page, 8)
    // A page holds its own number and the transaction that wrote it, which no page above it precedes.
    const isOurs = wordAt(page, 0) === number && written <= commit
    if (!isOurs || (flags & pageIs.either) !== (depth === 1 ? pageIs.leaf : pageIs.branch)) return 'mixed'
    const nodes = page.readUInt16LE(20) / 2
    if (depth === 1) entries += nodes
    for (let n = 0; n < nodes; n++) {
      const at = headerBytes + page.readUInt16LE(headerBytes + 2 * n)
      if (depth > 1) {
        waiting.push({ number: page.readUIntLE(at, 6), depth: depth - 1, commit: written })
        continue
      }
      const data = at + nodeBytes + page.readUInt16LE(at + 6)
      const kind = page.readUInt16LE(at + 4)
      const inner = (kind & valueIs.tree) === 0 ? null : walk(file, extent, treeAt(page, data, written))
      if (inner !== null) return inner
      if ((kind & valueIs.onOwnPages) !== 0 && wordAt(page, data) + wordAt(page, data + 16) > count) return 'cut'
    }
  }
  return entries === whole.entries ? null : 'mixed'
}

function treeAt(page: Buffer, at: number, commit: number): Tree {
  const found = page.subarray(at, at + tree.bytes)
  return {
    root: wordAt(found, tree.root),
    depth: found.readUInt16LE(tree.depth),
    entries: wordAt(found, tree.entries),
    commit
  }
}

function readAt(file: number, position: number, bytes: number): Buffer {
  const page = Buffer.alloc(bytes)
  return page.subarray(0, readSync(file, page, 0, bytes, position))
}

function wordAt(page: Buffer, at: number): number {
  return Number(page.readBigUInt64LE(at))
}
