/** The layout of records in LMDB tables. Callers provide the transaction. */
import { StoreUnreachable } from '../store.ts'

/** A record's version number holds its expiry. */
interface Table<K> {
  get(key: K): string | undefined
  put(key: K, value: string, version?: number): unknown
  remove(key: K): unknown
  getKeys(range: Range): Iterable<K>
  getRange(range: Range): Iterable<{ key: K; value: string; version?: number }>
}
interface Range {
  start?: (string | number)[] | string | number
  end?: (string | number)[] | string | number
  exclusiveStart?: boolean
  limit?: number
  reverse?: boolean
  versions?: boolean
}
type Member = [index: string, member: string]
type Ending = [endsAt: number, key: string] | [endsAt: number, index: string, member: string]

export interface Tables {
  readonly values: Table<string>
  readonly indexes: Table<Member>
  readonly endings: Table<Ending>
  readonly changes: Table<number>
  readonly lastVersion: () => number
}

/** `endsAt`: milliseconds since the epoch; 0 for never. */
export interface Record {
  readonly key: string
  readonly value: string
  readonly endsAt: number
}

/** A process further behind drops its cache. */
export const changesKept = 10_000
const changesTrimmedEvery = 500
/** For so few entries, single reads are cheaper than a range. */
const changesLookedUp = 8

export class Records {
  readonly #tables: Tables
  #lastSeen = 0
  logged = 0

  constructor(tables: Tables) {
    this.#tables = tables
  }

  live(key: string, now: number): Record | null {
    const found = this.#found(key)
    return found === null || (found.endsAt !== 0 && found.endsAt <= now) ? null : found
  }

  set(key: string, value: string, endsAt: number): void {
    const { values, endings } = this.#tables
    const before = this.#found(key)?.endsAt ?? 0
    if (before !== 0 && before !== endsAt) endings.remove([before, key])
    if (endsAt !== 0 && before !== endsAt) endings.put([endsAt, key], '')
    values.put(key, value, endsAt)
    this.#log(key)
  }

  unset(record: Record): void {
    if (record.endsAt !== 0) this.#tables.endings.remove([record.endsAt, record.key])
    this.#tables.values.remove(record.key)
    this.#log(record.key)
  }

  /** `endsAt` is for a new number. */
  count(key: string, endsAt: number, now: number): number {
    const found = this.live(key, now)
    if (found !== null && !/^-?\d{1,15}$/.test(found.value))
      throw new StoreUnreachable('The store holds text where a number is expected.')
    const next = found === null ? 1 : Number(found.value) + 1
    this.set(key, String(next), found === null ? endsAt : found.endsAt)
    return next
  }

  link(index: string, member: string, endsAt: number): void {
    this.unlink(index, member)
    this.#tables.indexes.put([index, member], '', endsAt)
    if (endsAt !== 0) this.#tables.endings.put([endsAt, index, member], '')
  }

  unlink(index: string, member: string): void {
    const { indexes, endings, lastVersion } = this.#tables
    if (indexes.get([index, member]) === undefined) return
    const endsAt = lastVersion()
    if (endsAt !== 0) endings.remove([endsAt, index, member])
    indexes.remove([index, member])
  }

  members(index: string, now: number): { member: string; ttlSeconds: number | null }[] {
    const members: { member: string; ttlSeconds: number | null }[] = []
    for (const { key, version = 0 } of this.#tables.indexes.getRange({ start: [index], versions: true })) {
      if (key[0] !== index) break
      if (version === 0 || version > now) members.push({ member: key[1], ttlSeconds: secondsTo(version, now) })
    }
    return members.sort((a, b) => (a.member < b.member ? -1 : 1))
  }

  /** Its members may have expired. */
  nextIndex(prefix: string, after: string | null): string | null {
    // Nothing sorts between a string and the same string followed by NUL.
    const range: Range = { start: [after === null ? prefix : `${after}\u0000`], limit: 1 }
    for (const [index] of this.#tables.indexes.getKeys(range)) return index.startsWith(prefix) ? index : null
    return null
  }

  /** Expired ones are included. */
  page(prefix: string, after: string | null, limit: number): Record[] {
    const range: Range = after === null ? { start: prefix } : { start: after, exclusiveStart: true }
    const page: Record[] = []
    for (const { key, value, version = 0 } of this.#tables.values.getRange({ ...range, limit, versions: true })) {
      if (!key.startsWith(prefix)) break
      page.push({ key, value, endsAt: version })
    }
    return page
  }

  isDue(now: number): boolean {
    return this.#due(now, 1).length > 0
  }

  sweep(now: number, limit: number): void {
    for (const ending of this.#due(now, limit)) {
      const [endsAt, key, member] = ending
      this.#tables.endings.remove(ending)
      if (member !== undefined) this.unlink(key, member)
      else {
        const found = this.#found(key)
        if (found?.endsAt === endsAt) this.unset(found)
      }
    }
  }

  /** The log has no gaps. */
  lastChange(): number {
    this.#lastSeen = this.#lastNear(this.#lastSeen) ?? this.#lastAnywhere()
    return this.#lastSeen
  }

  #lastNear(seen: number): number | null {
    const { changes } = this.#tables
    if (changes.get(seen) === undefined) return null
    for (let last = seen; last < seen + changesLookedUp; last++) if (changes.get(last + 1) === undefined) return last
    return null
  }

  #lastAnywhere(): number {
    for (const number of this.#tables.changes.getKeys({ reverse: true, limit: 1 })) return number
    return 0
  }

  /** In order; null if the log no longer holds them all. */
  changes(from: number, to: number): string[] | null {
    const { changes } = this.#tables
    const count = to - from + 1
    const found =
      count <= changesLookedUp
        ? Array.from({ length: count }, (_, i) => changes.get(from + i))
        : Array.from(changes.getRange({ start: from, end: to + 1 }), entry => entry.value)
    const keys = found.filter(key => key !== undefined)
    return keys.length === count ? keys : null
  }

  #found(key: string): Record | null {
    const value = this.#tables.values.get(key)
    return value === undefined ? null : { key, value, endsAt: this.#tables.lastVersion() }
  }

  #due(now: number, limit: number): Ending[] {
    return [...this.#tables.endings.getKeys({ end: [now + 1], limit })]
  }

  #log(key: string): void {
    const number = this.lastChange() + 1
    const { changes } = this.#tables
    changes.put(number, key)
    this.logged++
    if (number % changesTrimmedEvery === 0)
      for (const old of [...changes.getKeys({ end: number - changesKept + 1 })]) changes.remove(old)
  }
}

export function secondsTo(endsAt: number, now: number): number | null {
  return endsAt === 0 ? null : (endsAt - now) / 1000
}
