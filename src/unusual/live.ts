/** A person in the memory of one gate: what is known of them, and what was counted here since it was last written. */
import { DayHashes } from './day-hashes.ts'
import type { Usual } from './group.ts'
import type { UsageObservation } from './observation.ts'
import type { Person } from './person.ts'

export interface Live {
  readonly account: string
  person: Person
  /** What is usual today; null until it is asked for. */
  usual: Usual | null
  groups: readonly string[]
  /** Since the last look. */
  requests: number
  bytes: number
  /** The running ten minutes, and what was counted in them. */
  slot: number
  slotBytes: number
  slotObjects: number
  slotWrites: number
  /** Addresses in areas of others that were written to today; null for none. */
  written: DayHashes | null
  /** Areas that were new today; null for none. */
  newAreas: DayHashes | null
  /** The day on which an extreme score was reported that suspends nobody, because of led requests; 0 for none. */
  sparedOn: number
  /** A fresh proof that came before what the store knows of the person; null for none. */
  earlyProof: { readonly session: string; readonly at: number } | null
  /** What was seen of the person before that; null for nothing. */
  waiting: UsageObservation[] | null
  /** False while what the store knows of the person is not there yet: then nothing is judged. */
  isLoaded: boolean
  isDirty: boolean
  /** True once it has left the memory. */
  isForgotten: boolean
  lastAt: number
  syncedAt: number
  /** The level of alarm that the store has. */
  syncedAlarm: number
  /** The time of the proof that the store has; 0 for none. */
  syncedProof: number
  /** Amounts of the day before that the store does not have yet. */
  carry: Carry | null
}

export interface Carry {
  readonly day: number
  readonly amounts: Float64Array
  /** The apps to which the last of the amounts belong. */
  readonly apps: Uint32Array
}

const newAreasKept = 200

/** True once a day for each area: a full list may have displaced it again meanwhile. */
export function isFirstInArea(live: Live, area: number): boolean {
  const { day } = live.person
  if (live.newAreas?.day !== day) live.newAreas = new DayHashes(day)
  return live.newAreas.isFirst(area, newAreasKept)
}
