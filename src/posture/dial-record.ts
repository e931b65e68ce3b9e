/** The record of the dial, which all gates share. */
import { type Loose, RecordKind } from '../store/records.ts'
import type { Store } from '../store/store.ts'
import {
  type Dial,
  type EndedSetting,
  levelAt,
  normalDial,
  type PostureLevel,
  postureLevels,
  type Setting,
  splitAt,
  stricterOf
} from './posture.ts'

/** It bounds the record. */
const maxApps = 200
/** Characters. */
export const maxWhyLength = 500

interface StoredDial extends Dial {
  readonly isDamaged?: true
}

export const dialRecord = new RecordKind<StoredDial>({
  prefix: 'posture:',
  version: 1,
  read: record => (isDial(record) ? record : null),
  // Otherwise a damaged lockdown would be none.
  damaged: { ...normalDial, isDamaged: true }
})

export const dialId = 'dial'

export class DialError extends Error {
  override readonly name = 'DialError'
}

export interface Turn {
  readonly level: PostureLevel
  /** Null for all apps. */
  readonly app: string | null
  readonly why: string
  readonly by: string
  readonly until: number | null
}

export interface Turned {
  /** What was set there. */
  readonly before: PostureLevel
  /** It may be stricter than what was set. */
  readonly now: PostureLevel
  /** Apps that stay stricter after a change for all. */
  readonly stricter: readonly string[]
  /** The caller writes them to the journal. */
  readonly ended: readonly EndedSetting[]
}

/** Null for a damaged record. Throws RecordTooNew and StoreUnreachable. */
export async function readDial(store: Store): Promise<Dial | null> {
  const found = await dialRecord.get(store, dialId)
  if (found === null) return normalDial
  return found.isDamaged === true ? null : found
}

/** Throws DialError, RecordTooNew and StoreUnreachable. The caller asks for the confirmation (`Store.settle`). */
export function turnDial(store: Store, { level, app, why, by, until }: Turn, now: number): Promise<Turned> {
  return dialRecord.change<Turned>(store, dialId, found => {
    // Other apps may have had settings.
    if (found?.isDamaged && app !== null)
      throw new DialError('the record of the posture is damaged; set it for all apps first, and then for this one')
    const { dial, ended } = found === null || found.isDamaged ? { dial: normalDial, ended: [] } : splitAt(found, now)
    const setting: Setting | null = level === 'normal' ? null : { level, why, by, at: now, until }
    const next = withSetting(dial, app, setting)
    if (Object.keys(next.apps).length > maxApps)
      throw new DialError(`at most ${maxApps} apps may have a posture of their own; set it for all apps instead`)
    const before =
      app === null ? levelAt({ all: dial.all, apps: {} }, null, now) : levelAt({ all: null, apps: dial.apps }, app, now)
    const isStricter = stricterOf(before, level) === level
    const stricter = app === null ? Object.keys(next.apps).filter(id => levelAt(next, id, now) !== level) : []
    const result = { before, now: levelAt(next, app, now), stricter: stricter.sort(), ended }
    return { next, result, ...(isStricter ? { purpose: 'ends access' } : {}) }
  })
}

/** One caller of all gets each. */
export function sweepDial(store: Store, now: number): Promise<readonly EndedSetting[]> {
  return dialRecord.change<readonly EndedSetting[]>(store, dialId, found => {
    if (found === null || found.isDamaged) return { result: [] }
    const { dial, ended } = splitAt(found, now)
    return ended.length === 0 ? { result: [] } : { next: dial, result: ended }
  })
}

function withSetting({ all, apps }: Dial, app: string | null, setting: Setting | null): Dial {
  if (app === null) return { all: setting, apps }
  const { [app]: _, ...others } = apps
  return { all, apps: setting === null ? others : { ...others, [app]: setting } }
}

function isDial(record: Loose): record is Loose & Dial {
  const { all, apps } = record as Partial<Dial>
  return (
    (all === null || isSetting(all)) &&
    typeof apps === 'object' &&
    apps !== null &&
    !Array.isArray(apps) &&
    Object.values(apps).every(isSetting)
  )
}

function isSetting(value: unknown): value is Setting {
  if (typeof value !== 'object' || value === null) return false
  const { level, why, by, at, until } = value as Partial<Setting>
  return (
    typeof level === 'string' &&
    postureLevels.includes(level) &&
    (level as PostureLevel) !== 'normal' &&
    typeof why === 'string' &&
    typeof by === 'string' &&
    typeof at === 'number' &&
    (until === null || typeof until === 'number')
  )
}
