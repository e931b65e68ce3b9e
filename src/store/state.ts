/** What a store says of itself: its mark and its epochs, and whether they are those that are known. */
import { countOfWriters, epochKeys, isBehind, isTooOldToTell, pastOf, wholeEpoch } from './epochs.ts'
import type { KnownStore } from './known-stores.ts'
import type { Store } from './store.ts'

export const stateKeys = 'meta:store-'
export const markKey = `${stateKeys}id`

interface State {
  /** Several after `factorgate store accept`. */
  readonly ids: readonly string[]
  /** As they are in the store. */
  readonly texts: readonly (string | null)[]
  /** As in the store, with the writers of their records where the list lacks what is known. */
  readonly epochs: readonly (string | null)[]
  /** The same without the records before one that is missing: an epoch names all of its writers only back to there. */
  readonly unbroken: readonly (string | null)[]
}

/** The epochs that lack what is known are read with their records. */
export async function stateOf(store: Store, isCluster: boolean, known: KnownStore | null): Promise<State> {
  const keys = epochKeys(isCluster)
  const [mark, ...found] = await Promise.all([markKey, ...keys].map(key => store.get(key)))
  const texts = found.map(text => text ?? null)
  const read = texts.map(async (text, n) => {
    const names = isBehind(text, known?.epochs[n] ?? null) ? pastOf(text) : []
    if (names.length === 0) return { epoch: text, unbroken: text }
    const records = await Promise.all(names.map(name => store.get(recordKey(keys[n]!, name))))
    const newest = records.slice(records.lastIndexOf(null) + 1)
    return { epoch: wholeEpoch(text, records), unbroken: wholeEpoch(text, newest) }
  })
  const all = await Promise.all(read)
  return {
    ids: (mark ?? '').split(' ').filter(Boolean),
    texts,
    epochs: all.map(({ epoch }) => epoch),
    unbroken: all.map(({ unbroken }) => unbroken)
  }
}

/** The key of a record of writers. In a Cluster it is on the master of its epoch. */
export function recordKey(epochKey: string, name: string): string {
  return `${epochKey}:${name}`
}

export function shown(address: string): string {
  return address.replace(/^(redis\S+) (\S+)$/, '$1 (keys $2*)')
}

/** Why the gate may not use the store, in sentences; null if it may. */
export function refusalOf(state: State, known: KnownStore, address: string): string | null {
  if (state.ids.length === 0)
    return `The store ${address} is empty, or it is not the store that the gate used before: the mark of the gate is missing in it.`
  if (!state.ids.includes(known.id)) return `The store ${address} is not the store that the gate used before.`
  const knownAt = (n: number) => known.epochs[n] ?? null
  const behind = [...state.epochs.keys()].filter(n => isBehind(state.epochs[n] ?? null, knownAt(n)))
  if (behind.length === 0) return null
  const again = 'sessions, people and codes that were ended, suspended or used'
  const unbroken = (n: number) => state.unbroken[n] ?? null
  if (behind.every(n => isTooOldToTell(unbroken(n), knownAt(n))))
    return `This gate cannot tell whether the store ${address} has gone back to an earlier state: the store names the last ${Math.min(...behind.map(n => countOfWriters(unbroken(n))))} commands and gates that changed it, and all of them are newer than what this gate has last seen. Probably the gate was only away for long. Look in the log of the store whether it has failed over, restarted or been restored since then. If it has, ${again} before that may be valid again.`
  return `The store ${address} has gone back to an earlier state: ${again} since then may be valid again.`
}
