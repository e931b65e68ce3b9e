/**
 * Epochs: counts of a store's progress. Each names the processes that have advanced it, with the last count of each. After a failover two masters may go on
 * with equal counts and different pasts; then one lacks what a process wrote into the other. What an installation knows of an epoch is its last write, or the
 * last of each master that it has seen: whoever has that write has all before it.
 */
interface Epoch {
  readonly count: number
  /** For older releases, which take a write up to this count for a part of the epoch although its writer is no longer listed. Null in what is known. */
  readonly floor: number | null
  /** The names of the records that hold the writers that are no longer listed, oldest first. */
  readonly past: readonly string[]
  /** Writer → its last count. */
  readonly writers: ReadonlyMap<string, number>
}

const stateKeys = 'meta:store-epoch:'
/**
 * A Cluster has several epochs, because each master can lose data. These hash tags have the slots 512, 1536, 2560 and so on, so every master with 1024
 * slots in a row has an epoch, whatever the prefix of the keys is.
 */
const clusterTags = [
  1768, 20261, 18360, 41271, 3453, 11199, 29098, 8591, 265, 45842, 13409, 17891, 46093, 3635, 2912, 48623
]
/** The list never becomes shorter than this again, because older releases read nothing else. */
const maxWriters = 256
/** As many more are listed until their oldest go into a record of their own. */
const recordWriters = 128
/** A process that sees a store again after more new writers than these records hold cannot know whether its last write is there, and refuses the store. */
const maxRecords = 64
/** The name in the place of a record that could not be written. No record has it. */
const lost = ''
/** An operator's acceptance puts the count ahead by this, so writes of before it have a smaller multiple of it in their counts. */
const acceptedStep = 2 ** 32

export function epochKeys(isCluster: boolean): readonly string[] {
  return isCluster ? clusterTags.map(tag => `${stateKeys}{${tag}}`) : [`${stateKeys}0`]
}

/** The text of the next epoch, which `writer` writes. Without a record, the writers that have been silent for longest are lost if there are too many. */
export function advancedEpoch(text: string | null, writer: string, record?: PastRecord): string {
  const { count, floor, past, writers } = parse(text)
  const next = new Map(oldestFirst(writers))
  next.delete(writer)
  next.set(writer, count + 1)
  const most = maxWriters + (record === undefined ? recordWriters : 0)
  const dropped = [...next].slice(0, Math.max(0, next.size - most))
  for (const [name] of dropped) next.delete(name)
  const lowest = Math.max(floor ?? 0, ...dropped.map(([, at]) => at))
  const isSaid = dropped.length === 0 || past.at(-1) === lost
  const records = record === undefined && isSaid ? past : [...past, record?.name ?? lost].slice(-maxRecords)
  return textOf({ count: count + 1, floor: lowest, past: records, writers: next })
}

/** Writers that the list has no room for. Its name is in the epoch that drops them, so the record counts only where that epoch was written. */
interface PastRecord {
  readonly name: string
  readonly value: string
}

/** The record that `advancedEpoch` needs, or null while the list has room for `writer`. */
export function pastRecord(text: string | null, writer: string, name: string): PastRecord | null {
  const { writers } = parse(text)
  if (writers.has(writer) || writers.size < maxWriters + recordWriters) return null
  const oldest = oldestFirst(writers).slice(0, writers.size + 1 - maxWriters)
  return { name, value: pairsOf(oldest) }
}

function oldestFirst(writers: Epoch['writers']): [writer: string, at: number][] {
  return [...writers].sort(([, one], [, other]) => one - other)
}

/** The names of the records of an epoch, oldest first. */
export function pastOf(text: string | null): readonly string[] {
  return Array.from((text ?? '').matchAll(/ \*([^ :]*)/g), ([, name = '']) => name)
}

/** The epoch with the writers of its records, to compare it with what is known. It is not for the store. */
export function wholeEpoch(text: string | null, records: readonly (string | null)[]): string {
  const { writers, ...epoch } = parse(text)
  const pairs = records.flatMap(record => [...writersIn((record ?? '').split(' ').filter(Boolean))])
  return textOf({ ...epoch, writers: new Map([...pairs, ...writers]) })
}

/** How many writers an epoch lists. */
export function countOfWriters(text: string | null): number {
  return parse(text).writers.size
}

/** The text of an epoch that an operator has accepted, ahead of what was known. Nobody misses what was written before. */
export function acceptedEpoch(text: string | null, known: string | null): string {
  const count = Math.max(parse(text).count, parse(known).count) + acceptedStep
  return textOf({ count, floor: count, past: [], writers: new Map() })
}

/** What is known after `known` and the epoch of a store, which need not have all that is known. */
export function knownAfter(known: string | null, text: string | null): string {
  const [before, now] = [parse(known), parse(text)]
  const last = [...now.writers].filter(([, at]) => at === now.count)
  const writers = new Map([...last, ...missing(now, before)])
  return textOf({ count: Math.max(before.count, now.count), floor: null, past: [], writers })
}

/** What two processes know together. */
export function joinedKnown(one: string | null, other: string | null): string {
  const [a, b] = [parse(one), parse(other)]
  const writers = new Map(a.writers)
  for (const [writer, at] of b.writers) writers.set(writer, Math.max(at, writers.get(writer) ?? 0))
  return textOf({ count: Math.max(a.count, b.count), floor: null, past: [], writers })
}

/** True if the epoch is older than the one that is known, or lacks what a writer has written there, or can no longer tell. */
export function isBehind(text: string | null, known: string | null): boolean {
  if (text === known) return false
  const [now, before] = [parse(text), parse(known)]
  return now.count < before.count || missing(now, before).length > 0
}

/**
 * Of an epoch that is behind, with the records that are newer than any missing one: true if all that it lacks is older than the oldest write that it has, so
 * that it may only have been dropped.
 */
export function isTooOldToTell(text: string | null, known: string | null): boolean {
  const [now, before] = [parse(text), parse(known)]
  if (now.count < before.count || now.writers.size < maxWriters) return false
  const oldest = Math.min(...now.writers.values())
  return missing(now, before).every(([, at]) => at < oldest)
}

/** The writes that are known and not in the epoch. What an older release has left as known names each writer it saw, so the floor excuses them. */
function missing(now: Epoch, { floor, writers }: Epoch): [writer: string, at: number][] {
  const accepted = now.count - (now.count % acceptedStep)
  const least = floor === null ? accepted - 1 : (now.floor ?? 0)
  return [...writers].filter(([writer, at]) => at > least && (now.writers.get(writer) ?? 0) < at)
}

/**
 * `12 9 *r a:10 b:12`: count, floor, a record and writers; `12 - b:12` if it is what is known. Anything else counts as the beginning. An older release
 * takes a record for a writer that has written nothing: it drops records first, and loses no more than before.
 */
function parse(text: string | null): Epoch {
  const [count = '', floor = count, ...words] = (text ?? '').split(' ')
  const writers = writersIn(words.filter(word => !word.startsWith('*')))
  return { count: numberIn(count), floor: floor === '-' ? null : numberIn(floor), past: pastOf(text), writers }
}

function writersIn(pairs: readonly string[]): Map<string, number> {
  return new Map(pairs.map(pair => pair.split(':')).map(([writer = '', at]) => [writer, numberIn(at)]))
}

function textOf({ count, floor, past, writers }: Epoch): string {
  return [count, floor ?? '-', ...past.map(name => `*${name}`), pairsOf(writers)].filter(word => word !== '').join(' ')
}

function pairsOf(writers: Iterable<readonly [string, number]>): string {
  return [...writers].map(([writer, at]) => `${writer}:${at}`).join(' ')
}

function numberIn(text: string | undefined): number {
  return Number(text ?? 0) || 0
}
