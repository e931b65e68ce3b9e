/**
 * Whether LMDB's file has all pages that are in use. LMDB maps the file into memory: where a file was cut off (an interrupted copy, a
 * repaired disk), a missing page ends the process with SIGBUS instead of an error.
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs'

/** The layout of pages in mdb.c (MDB_page_header, MDB_meta, MDB_db, MDB_node). */
const headerBytes = 24
const nodeBytes = 8
const meta = {
  pageSize: headerBytes + 24,
  roots: [headerBytes + 64, headerBytes + 112],
  lastPage: headerBytes + 120,
  commit: headerBytes + 128
}
const pageIs = { branch: 0x01, leaf: 0x02 }
const valueIs = { onOwnPages: 0x01, tree: 0x02 }
const rootOfTree = 40
const emptyTree = 2 ** 64

interface Snapshot {
  readonly commit: number
  readonly lastPage: number
  readonly roots: readonly number[]
}

export function isCutOff(path: string): boolean {
  const file = openSync(path, 'r')
  try {
    const first = readAt(file, 0, 4096)
    const pageSize = first.length < 4096 ? 0 : first.readUInt32LE(meta.pageSize)
    if (pageSize < 256) return true
    for (;;) {
      const count = Math.floor(fstatSync(file).size / pageSize)
      const snapshot = newest(file, pageSize)
      if (snapshot === null) return true
      // Free pages at the end may never have been written, so a short file may be whole.
      if (count > snapshot.lastPage) return false
      if (!snapshot.roots.some(root => isMissing(file, { pageSize, count }, root))) return false
      // A process that has written meanwhile may have used pages of this snapshot again.
      if (newest(file, pageSize)?.commit === snapshot.commit) return true
    }
  } finally {
    closeSync(file)
  }
}

/** The newer one of the two meta pages. */
function newest(file: number, pageSize: number): Snapshot | null {
  const [one, other] = [0, pageSize].map(position => {
    const page = readAt(file, position, pageSize)
    if (page.length < pageSize) return null
    return {
      commit: wordAt(page, meta.commit),
      lastPage: wordAt(page, meta.lastPage),
      roots: meta.roots.map(at => wordAt(page, at))
    }
  })
  if (one == null || other == null) return null
  return one.commit > other.commit ? one : other
}

interface Extent {
  readonly pageSize: number
  /** Whole pages in the file. */
  readonly count: number
}

/** True too where a page is damaged so that it cannot be read. */
function isMissing(file: number, extent: Extent, root: number): boolean {
  try {
    return isPageMissing(file, extent, root)
  } catch (error) {
    if (error instanceof RangeError) return true
    throw error
  }
}

function isPageMissing(file: number, extent: Extent, root: number): boolean {
  const { pageSize, count } = extent
  const waiting = [root]
  let left = count
  for (let number = waiting.pop(); number !== undefined; number = waiting.pop()) {
    if (number === emptyTree) continue
    // A whole tree has no page twice: on a damaged one the walk would never end.
    if (number >= count || left-- === 0) return true
    const page = readAt(file, number * pageSize, pageSize)
    const flags = page.readUInt16LE(18)
    const nodes = (page.readUInt16LE(20) - headerBytes) / 2
    for (let n = 0; n < nodes; n++) {
      const at = page.readUInt16LE(headerBytes + 2 * n)
      const data = at + nodeBytes + page.readUInt16LE(at + 6)
      if ((flags & pageIs.branch) !== 0) waiting.push(page.readUIntLE(at, 6))
      else if ((flags & pageIs.leaf) !== 0) {
        const kind = page.readUInt16LE(at + 4)
        if ((kind & valueIs.tree) !== 0) waiting.push(wordAt(page, data + rootOfTree))
        if ((kind & valueIs.onOwnPages) !== 0 && wordAt(page, data) + wordAt(page, data + 16) > count) return true
      }
    }
  }
  return false
}

/** Fewer bytes behind the end of the file. */
function readAt(file: number, position: number, bytes: number): Buffer {
  const page = Buffer.alloc(bytes)
  return page.subarray(0, readSync(file, page, 0, bytes, position))
}

function wordAt(page: Buffer, at: number): number {
  return Number(page.readBigUInt64LE(at))
}
