/** The search index of one journal file: a summary of each block of lines. It is made from the journal alone, so it may be removed at any time. */
import { createHash } from 'node:crypto'
import { constants } from 'node:fs'
import { open, readFile } from 'node:fs/promises'
import path from 'node:path'
import { crc32 } from 'node:zlib'
import { bytesOf, entryOf, firstLineOf } from './journal-files.ts'
import { addTerms } from './journal-query.ts'
import { openOwned } from './open-for-append.ts'
import { TermFilter } from './term-filter.ts'

interface Block {
  readonly at: number
  readonly bytes: number
  /** Milliseconds since the epoch. */
  readonly firstAt: number
  readonly lastAt: number
  readonly firstSeq: number
  readonly filter: TermFilter
}

/** It ends at the byte `end` of the journal file. */
export interface BlockIndex {
  readonly blocks: readonly Block[]
  readonly end: number
  readonly people: ReadonlyMap<string, ReadonlySet<string>>
}

export const linesPerBlock = 512
/** 2: operators and sponsors are found too. */
const version = 2
const checkBytes = 4
const lineFeed = 0x0a

interface Header {
  readonly v: number
  readonly at: number
  readonly bytes: number
  readonly firstAt: number
  readonly lastAt: number
  readonly firstSeq: number
  readonly people: readonly (readonly [account: string, name: string])[]
}

export const indexFolderOf = (journal: string) => `${journal}.index`

/** Its name comes from the journal file's first line, so that a rotation does not lose it. Null for an empty file. */
export async function indexFileOf(journal: string, file: string): Promise<string | null> {
  const first = await firstLineOf(file)
  if (first === null) return null
  return path.join(indexFolderOf(journal), createHash('sha256').update(first).digest('hex').slice(0, 32))
}

/** The index ends where it is damaged. */
export async function readIndex(indexFile: string): Promise<BlockIndex> {
  const blocks: Block[] = []
  const people = new Map<string, Set<string>>()
  const data = await readFile(indexFile).catch(() => Buffer.alloc(0))
  let end = 0
  for (let at = 0; at + 8 <= data.length; ) {
    const from = at + 8
    const middle = from + data.readUInt32LE(at)
    const to = middle + data.readUInt32LE(at + 4)
    if (to + checkBytes > data.length) break
    if (crc32(data.subarray(from, to)) !== data.readUInt32LE(to)) break
    const header = JSON.parse(data.toString('latin1', from, middle)) as Header
    const { v, bytes, firstAt, lastAt, firstSeq } = header
    if (v !== version || header.at !== end) break
    if (header.people.length > 0) addPeople(people, data.toString('utf8', from, middle))
    blocks.push({ at: end, bytes, firstAt, lastAt, firstSeq, filter: new TermFilter(data.subarray(middle, to)) })
    end += bytes
    at = to + checkBytes
  }
  return { blocks, end, people }
}

/** Only one process may do it at a time. Resolves with the number of new blocks. */
export async function extendIndex(file: string, indexFile: string, onBlock?: (bytes: number) => void): Promise<number> {
  const known = await readIndex(indexFile)
  const handle = await openOwned(indexFile, constants.O_WRONLY | constants.O_CREAT | constants.O_NOFOLLOW)
  try {
    const size = await sizeOf(known, indexFile)
    await handle.truncate(size)
    let at = size
    let blocks = 0
    for await (const record of newBlocks(file, known)) {
      await handle.write(record.bytes, 0, record.bytes.length, at)
      at += record.bytes.length
      blocks++
      onBlock?.(record.end)
    }
    return blocks
  } finally {
    await handle.close()
  }
}

async function sizeOf({ blocks }: BlockIndex, indexFile: string): Promise<number> {
  if (blocks.length === 0) return 0
  const handle = await open(indexFile, 'r')
  try {
    let at = 0
    const lengths = Buffer.alloc(8)
    for (let block = 0; block < blocks.length; block++) {
      await handle.read(lengths, 0, 8, at)
      at += 8 + lengths.readUInt32LE(0) + lengths.readUInt32LE(4) + checkBytes
    }
    return at
  } finally {
    await handle.close()
  }
}

async function* newBlocks(file: string, known: BlockIndex): AsyncGenerator<{ bytes: Buffer; end: number }> {
  const seen = new Map([...known.people].map(([account, names]) => [account, new Set(names)]))
  let kept: Buffer = Buffer.alloc(0)
  let lines: string[] = []
  let at = known.end
  let bytes = 0
  for await (const chunk of bytesOf(file, known.end)) {
    let rest = kept.length === 0 ? chunk : Buffer.concat([kept, chunk])
    for (let feed = rest.indexOf(lineFeed); feed !== -1; feed = rest.indexOf(lineFeed)) {
      lines.push(rest.toString('utf8', 0, feed))
      bytes += feed + 1
      rest = rest.subarray(feed + 1)
      if (lines.length < linesPerBlock) continue
      yield { bytes: record(lines, at, bytes, seen), end: at + bytes }
      at += bytes
      bytes = 0
      lines = []
    }
    kept = Buffer.from(rest)
  }
}

function record(lines: readonly string[], at: number, bytes: number, seen: Map<string, Set<string>>): Buffer {
  const terms = new Set<number>()
  const people: [string, string][] = []
  let [firstAt, lastAt, firstSeq] = [Number.POSITIVE_INFINITY, 0, 0]
  for (const line of lines) {
    const entry = entryOf(line)
    if (entry === null) continue
    addTerms(entry, terms)
    const { account, name } = entry
    if (typeof account === 'string' && typeof name === 'string' && add(seen, account, name))
      people.push([account, name])
    const time = Date.parse(entry.at)
    if (time < firstAt) firstAt = time
    if (time > lastAt) lastAt = time
    if (firstSeq === 0) firstSeq = Number(entry.seq ?? 0)
  }
  const header: Header = { v: version, at, bytes, firstAt: Math.min(firstAt, lastAt), lastAt, firstSeq, people }
  const text = Buffer.from(JSON.stringify(header))
  const filter = TermFilter.of(terms).bytes
  const lengths = Buffer.alloc(8)
  lengths.writeUInt32LE(text.length, 0)
  lengths.writeUInt32LE(filter.length, 4)
  const body = Buffer.concat([text, filter])
  return Buffer.concat([lengths, body, check(body)])
}

/** Only names may have any letters; ASCII is read in half the time. */
function addPeople(people: Map<string, Set<string>>, header: string): void {
  for (const [account, name] of (JSON.parse(header) as Header).people) add(people, account, name)
}

export function add(people: Map<string, Set<string>>, account: string, name: string): boolean {
  const names = people.get(account) ?? new Set<string>()
  if (names.has(name)) return false
  people.set(account, names.add(name))
  return true
}

function check(body: Uint8Array): Buffer {
  const sum = Buffer.alloc(checkBytes)
  sum.writeUInt32LE(crc32(body))
  return sum
}
