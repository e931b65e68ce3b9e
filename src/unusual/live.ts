/** A person in the memory of one gate. */
import { DayHashes } from './day-hashes.ts'
import type { Usual } from './group.ts'
import type { UsageObservation } from './observation.ts'
import type { Person } from './person.ts'

export interface Live {
  readonly account: string
  person: Person
  usual: Usual | null
  groups: readonly string[]
  /** Counts since the last score. */
  requests: number
  bytes: number
  /** The running ten minutes. */
  slot: number
  slotBytes: number
  slotObjects: number
  slotWrites: number
  /** Addresses written to today in areas of others. */
  written: DayHashes | null
  newAreas: DayHashes | null
  /** The day of an extreme score that suspended nobody, because of led requests; 0 for none. */
  sparedOn: number
  /** A proof that came before the stored record, as `waiting` did. */
  earlyProof: { readonly session: string; readonly at: number } | null
  waiting: UsageObservation[] | null
  /** False until the stored record is there: nothing is judged. */
  isLoaded: boolean
  isDirty: boolean
  isForgotten: boolean
  lastAt: number
  syncedAt: number
  /** The alarm and the proof's time (0 for none) in the store. */
  syncedAlarm: number
  syncedProof: number
  /** The day before, not in the store yet. */
  carry: Carry | null
}

export interface Carry {
  readonly day: number
  readonly amounts: Float64Array
  /** The apps of the last amounts. */
  readonly apps: Uint32Array
}

const newAreasKept = 200

/** True once a day for each area. The person's list may have displaced it meanwhile. */
export function isFirstInArea(live: Live, area: number): boolean {
  const { day } = live.person
  if (live.newAreas?.day !== day) live.newAreas = new DayHashes(day)
  return live.newAreas.isFirst(area, newAreasKept)
}
