/** Which kept POSTs give way to a new one. */
import { StrangerRoom } from './stranger-room.ts'

/** Separately for forms, framed forms, scripts and other sites' forms, so no other site pushes out work. */
export const maxOfPerson = { posts: 5, bytes: 8 * 1024 * 1024 }
const maxBytesOfKnown = 64 * 1024 * 1024
/** What a POST takes at least in the store. */
const minBytes = 4096

export interface Waiting {
  readonly member: string
  readonly id: string
  readonly at: number
  readonly bytes: number
  readonly owner: string
}

/**
 * Null if the new one has no room. It is in the list already, otherwise two at once could both take the last place. `owner`: `?` and a stranger's
 * address, or share and account.
 */
export function givingWay(all: readonly Waiting[], owner: string, member: string): Waiting[] | null {
  if (owner.startsWith('?')) return strangersGivingWay(all, member)
  const known = all.filter(one => !one.owner.startsWith('?'))
  const foreign = foreignGivingWay(known, owner)
  const own = known.filter(one => one.owner === owner)
  const staying = stayingOf(own)
  if (foreign === null || !staying.some(one => one.member === member)) return null
  return [...foreign, ...own.filter(one => !staying.includes(one))]
}

/** Gates agree on this order, so only one of two gives way. */
function oldestFirst(one: Waiting, other: Waiting): number {
  return one.at - other.at || (one.id < other.id ? -1 : 1)
}

/** The newest first. Those without room take none from older ones. */
function stayingOf(own: readonly Waiting[]): Waiting[] {
  const staying: Waiting[] = []
  for (const one of own.toSorted(oldestFirst).reverse())
    if (staying.length < maxOfPerson.posts && bytesOf(staying) + one.bytes <= maxOfPerson.bytes) staying.push(one)
  return staying
}

/** Other sites' forms give way to what people have typed. Null if that is not enough. */
function foreignGivingWay(known: readonly Waiting[], owner: string): Waiting[] | null {
  let over = bytesOf(known) - maxBytesOfKnown
  if (over <= 0) return []
  if (isForeignShare(owner)) return null
  const going: Waiting[] = []
  for (const one of known.filter(({ owner }) => isForeignShare(owner)).sort(oldestFirst)) {
    if (over <= 0) break
    going.push(one)
    over -= one.bytes
  }
  return over > 0 ? null : going
}

function strangersGivingWay(all: readonly Waiting[], member: string): Waiting[] | null {
  const room = new StrangerRoom<Waiting>()
  const strangers = all.filter(({ owner }) => owner.startsWith('?')).sort(oldestFirst)
  for (const one of strangers) {
    room.add(one, one.owner.slice(1), one.bytes)
    if (one.member !== member) room.count(one, Math.max(one.bytes, minBytes))
  }
  const own = strangers.find(one => one.member === member)
  return own === undefined ? null : room.take(own, Math.max(own.bytes, minBytes))
}

function bytesOf(list: readonly Waiting[]): number {
  return list.reduce((sum, { bytes }) => sum + bytes, 0)
}

function isForeignShare(owner: string): boolean {
  return owner.startsWith('foreign:')
}
