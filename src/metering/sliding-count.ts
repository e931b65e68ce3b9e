/** A count over a sliding window of ten slots. The slot that leaves the window counts in full, so nothing is forgotten early. */

export const slotsInWindow = 10

/** Index and amount in turn, oldest first, without empty slots. The index is the time divided by a slot's length. */
export type Slots = readonly number[]

export function slotMsOf(windowSeconds: number): number {
  return (windowSeconds * 1000) / slotsInWindow
}

export function slotAt(now: number, slotMs: number): number {
  return Math.floor(now / slotMs)
}

export function isLive(slot: number, current: number): boolean {
  return slot >= current - slotsInWindow
}

export function sumOf(slots: Slots, current: number): number {
  let sum = 0
  for (let i = 0; i < slots.length; i += 2) if (isLive(slots[i]!, current)) sum += slots[i + 1]!
  return sum
}

const none: Slots = []

/** Drops what has left the window. What lies in the future, because a clock was put back, counts as of now. */
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
  // Grown arrays keep extra room.
  return next.length === 0 ? none : next.slice()
}

/** True if a slot lies further ahead than clocks differ. */
export function isAhead(slots: Slots, current: number): boolean {
  const newest = slots.at(-2)
  return newest !== undefined && newest > current + 1
}

/** When `amount` of the sum will have left the window, in milliseconds since the epoch. */
export function goneAt(slots: Slots, amount: number, slotMs: number, current: number): number {
  let left = amount
  for (let i = 0; i < slots.length; i += 2) {
    if (!isLive(slots[i]!, current)) continue
    left -= slots[i + 1]!
    if (left <= 0) return (slots[i]! + slotsInWindow + 1) * slotMs
  }
  return ((slots.at(-2) ?? 0) + slotsInWindow + 1) * slotMs
}
