/**
 * A short list of hashes with the days on which each was first and last seen, inside the arrays of one person. A full list forgets the entry that
 * was not seen for longest. What is new on one day takes at most a quarter of the places from older entries. So one day, also one of a thief or of
 * a page that leads elsewhere, does not displace what the person has used before.
 */

/** The part of the list that entries of one day may take from older ones. */
const freshShare = 1 / 4
/** Days after which an entry that was seen on a second day becomes the person's own; after a later second day on the next one. */
export const ownAfterDays = 4

export interface Slots {
  readonly hashes: Uint32Array
  readonly days: Uint16Array
}

export interface ListPlace {
  /** The first place in `hashes`. */
  readonly at: number
  readonly size: number
  /** The first place in `days`; the first day of entry i is there, and its last day `size` places later. */
  readonly daysAt: number
}

/** The places of a person's lists, after the first `hashesBefore` hashes and `daysBefore` days. */
export function placesOfLists(
  sizes: Readonly<Record<'areas' | 'networks' | 'devices' | 'countries' | 'marks', number>>,
  hashesBefore: number,
  daysBefore: number
) {
  let hashAt = hashesBefore
  let dayAt = daysBefore
  const place = (size: number): ListPlace => {
    const made = { at: hashAt, size, daysAt: dayAt }
    hashAt += size
    dayAt += 2 * size
    return made
  }
  const made = {
    areas: place(sizes.areas),
    networks: place(sizes.networks),
    devices: place(sizes.devices),
    countries: place(sizes.countries),
    /** How known clients send their headers. */
    marks: place(sizes.marks)
  }
  return { ...made, hashCount: hashAt, dayCount: dayAt }
}

/** The index in the list, or -1. */
export function find({ hashes }: Slots, { at, size }: ListPlace, hash: number): number {
  for (let i = 0; i < size; i++) if (hashes[at + i] === hash) return i
  return -1
}

export function firstDay({ days }: Slots, { daysAt }: ListPlace, index: number): number {
  return days[daysAt + index] as number
}

export function lastDay({ days }: Slots, { daysAt, size }: ListPlace, index: number): number {
  return days[daysAt + size + index] as number
}

/**
 * Notes that `hash` was seen on `day`, and returns its index, or -1 where a full list has only later ones. `first`: its first day, if it is new.
 * `found`: the result of `find` just before.
 */
export function note(
  slots: Slots,
  list: ListPlace,
  hash: number,
  day: number,
  first = day,
  found = find(slots, list, hash)
): number {
  const { at, size, daysAt } = list
  let index = found
  if (index < 0) {
    index = placeFor(slots, list, day, first)
    if (index < 0) return index
    slots.hashes[at + index] = hash
    slots.days[daysAt + index] = first
    slots.days[daysAt + size + index] = day
  } else {
    const [firstKnown, lastKnown] = [firstDay(slots, list, index), lastDay(slots, list, index)]
    slots.days[daysAt + index] = joinedFirst(first, day, firstKnown, lastKnown)
    slots.days[daysAt + size + index] = Math.max(day, lastKnown)
  }
  return index
}

/**
 * The first day of an entry that two sides know. What was seen on one day alone, and again much later, counts as if it had begun shortly before
 * that second day. A side that has seen two days has counted so already, or has a proof.
 */
function joinedFirst(oneFirst: number, oneLast: number, otherFirst: number, otherLast: number): number {
  if (oneLast > otherLast) return joinedFirst(otherFirst, otherLast, oneFirst, oneLast)
  if (oneLast === otherLast || oneFirst < oneLast) return Math.min(oneFirst, otherFirst)
  return otherFirst < otherLast ? otherFirst : Math.max(oneFirst, otherLast - ownAfterDays + 1)
}

/** The day from which an entry is the person's own; null while it was seen on one day alone. */
export function ownFrom(slots: Slots, list: ListPlace, index: number): number | null {
  const first = firstDay(slots, list, index)
  return lastDay(slots, list, index) === first ? null : first + ownAfterDays
}

/**
 * A free place, or that of the oldest. Where a full list has many of one first day already, another that was first seen on that day displaces
 * one of these. What was not seen for longer than all others, as another gate may know it, displaces nothing.
 */
function placeFor(slots: Slots, list: ListPlace, day: number, first: number): number {
  let oldest = 0
  let fresh = -1
  let freshCount = 0
  for (let i = 0; i < list.size; i++) {
    if (slots.hashes[list.at + i] === 0) return i
    if (lastDay(slots, list, i) < lastDay(slots, list, oldest)) oldest = i
    if (first < day || firstDay(slots, list, i) !== first) continue
    fresh = i
    freshCount++
  }
  if (freshCount >= list.size * freshShare) return fresh
  return first < day && lastDay(slots, list, oldest) >= day ? -1 : oldest
}

export function forget({ hashes }: Slots, { at }: ListPlace, index: number): void {
  hashes[at + index] = 0
}
