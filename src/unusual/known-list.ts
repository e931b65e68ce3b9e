/**
 * A short list of hashes with their first and last day. A full list forgets what was unseen for longest, but one day takes at most a quarter from older
 * entries, so a thief does not displace what the person has used.
 */

const freshShare = 1 / 4
/** Days after its first until an entry becomes the person's own, if it was seen on a second day. */
export const ownAfterDays = 4

export interface Slots {
  readonly hashes: Uint32Array
  readonly days: Uint16Array
}

export interface ListPlace {
  readonly at: number
  readonly size: number
  /** First days start here, and last days `size` later. */
  readonly daysAt: number
}

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
    marks: place(sizes.marks)
  }
  return { ...made, hashCount: hashAt, dayCount: dayAt }
}

/** -1 for none. */
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

/** Returns the index, or -1 where a full list has only later entries. `first`: the first day of a new entry. `found`: the result of `find`. */
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

/** Joins the first days that two sides know. One day alone, long before a second one, counts as shortly before it. */
function joinedFirst(oneFirst: number, oneLast: number, otherFirst: number, otherLast: number): number {
  if (oneLast > otherLast) return joinedFirst(otherFirst, otherLast, oneFirst, oneLast)
  if (oneLast === otherLast || oneFirst < oneLast) return Math.min(oneFirst, otherFirst)
  return otherFirst < otherLast ? otherFirst : Math.max(oneFirst, otherLast - ownAfterDays + 1)
}

/** Null while it was seen on one day alone. */
export function ownFrom(slots: Slots, list: ListPlace, index: number): number | null {
  const first = firstDay(slots, list, index)
  return lastDay(slots, list, index) === first ? null : first + ownAfterDays
}

/** A free place, one of the same first day if that day has its share already, or the oldest; -1 if all others are later. */
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
