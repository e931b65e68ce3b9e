/**
 * Epochs: counts of a store's progress. Each names the processes that have advanced it, with the last count of each. After a failover two masters may go on
 * with equal counts and different pasts; then one lacks what a process wrote into the other.
 */
interface Epoch {
  readonly count: number
  /** Counts up to this one are missed by nobody: an operator has accepted the store there, or their writers are no longer listed. */
  readonly floor: number
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
const maxWriters = 32

export function epochKeys(isCluster: boolean): readonly string[] {
  return isCluster ? clusterTags.map(tag => `${stateKeys}{${tag}}`) : [`${stateKeys}0`]
}

/** The text of the next epoch, which `writer` writes. The writers that have been silent for longest are dropped. */
export function advancedEpoch(text: string | null, writer: string): string {
  const { count, floor, writers } = parse(text)
  const next = new Map([...writers].sort(([, one], [, other]) => one - other))
  next.delete(writer)
  next.set(writer, count + 1)
  let lowest = floor
  for (const [name, at] of next) {
    if (next.size <= maxWriters) break
    next.delete(name)
    lowest = Math.max(lowest, at)
  }
  return textOf({ count: count + 1, floor: lowest, writers: next })
}

/** The text of an epoch that an operator has accepted, at least `step` ahead of what was known. */
export function acceptedEpoch(text: string | null, known: string | null, step: number): string {
  const count = Math.max(parse(text).count, parse(known).count) + step
  return textOf({ count, floor: count, writers: new Map() })
}

/** The text of what is known after both. */
export function joinedEpochs(one: string | null, other: string | null): string {
  if (one === other && one !== null) return one
  const [a, b] = [parse(one), parse(other)]
  const floor = Math.max(a.floor, b.floor)
  const writers = new Map(a.writers)
  for (const [writer, at] of b.writers) writers.set(writer, Math.max(at, writers.get(writer) ?? 0))
  for (const [writer, at] of writers) if (at <= floor) writers.delete(writer)
  return textOf({ count: Math.max(a.count, b.count), floor, writers })
}

/** True if the epoch is older than the one that is known, or lacks what a writer has written there. */
export function isBehind(text: string | null, known: string | null): boolean {
  if (text === known) return false
  const [now, before] = [parse(text), parse(known)]
  if (now.count < before.count) return true
  return [...before.writers].some(([writer, at]) => at > now.floor && (now.writers.get(writer) ?? 0) < at)
}

/** `12 9 a:10 b:12`: count, floor and writers. Anything else counts as the beginning. */
function parse(text: string | null): Epoch {
  const [count = '', floor = count, ...pairs] = (text ?? '').split(' ')
  const writers = pairs.map(pair => pair.split(':')).map(([writer = '', at]) => [writer, numberIn(at)] as const)
  return { count: numberIn(count), floor: numberIn(floor), writers: new Map(writers) }
}

function textOf({ count, floor, writers }: Epoch): string {
  return [count, floor, ...[...writers].map(([writer, at]) => `${writer}:${at}`)].join(' ')
}

function numberIn(text: string | undefined): number {
  return Number(text ?? 0) || 0
}
