/** A count over a sliding window in ten slots, exact to a tenth of the window. It never forgets early: the slot that leaves the window counts in full. */

export const slotsInWindow = 10

/** Index and amount of each slot that is not empty, alternating, oldest first. The index is the time divided by the length of a slot. */
export type Slots = readonly number[]

/** The length of a slot, in milliseconds. */
export function slotMsOf(windowSeconds: number): number {
  return (windowSeconds * 1000) / slotsInWindow
}

export function slotAt(now: number, slotMs: number): number {
  return Math.floor(now / slotMs)
}

/** True for a slot that still counts at slot `current`. */
export function isLive(slot: number, current: number): boolean {
  return slot >= current - slotsInWindow
}

export function sumOf(slots: Slots, current: number): number {
  let sum = 0
  for (let i = 0; i < slots.length; i += 2) if (isLive(slots[i]!, current)) sum += slots[i + 1]!
  return sum
}

const none: Slots = []

/** Adds to the current slot, and leaves out what has gone. What lies in the future, because a clock was put back, counts as of now. */
export function withAmount(slots: Slots, current: number, amount: number): Slots {
  let now = amount
  if (slots.length === 0) return now > 0 ? [current, now] : none
  const next: number[] = []
  for (let i = 0; i < slots.length; i += 2) {
    const [slot, count] = [slots[i]!, slots[i + 1]!]
    if (slot >= current) now += count
    else if (isLive(slot, current)) next.push(slot, count)
  }
  if (now > 0) next.push(current, now)
  // Without the room that grown arrays have.
  return next.length === 0 ? none : next.slice()
}

/** True if a slot lies further ahead than clocks differ: by more than one slot. */
export function isAhead(slots: Slots, current: number): boolean {
  const newest = slots.at(-2)
  return newest !== undefined && newest > current + 1
}

/** The time at which `amount` of the sum will have left the window, in milliseconds since the epoch. */
export function goneAt(slots: Slots, amount: number, slotMs: number, current: number): number {
  let left = amount
  for (let i = 0; i < slots.length; i += 2) {
    if (!isLive(slots[i]!, current)) continue
    left -= slots[i + 1]!
    if (left <= 0) return (slots[i]! + slotsInWindow + 1) * slotMs
  }
  return ((slots.at(-2) ?? 0) + slotsInWindow + 1) * slotMs
}
