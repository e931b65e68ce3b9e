/** Which kept POSTs give way to a new one: the limits of a person, of strangers and of all. */
import { StrangerRoom } from './stranger-room.ts'

/** The most kept POSTs of one person, separately for forms, for forms in frames, for scripts and for forms of other sites: no page of another site pushes out work. */
export const maxOfPerson = { posts: 5, bytes: 8 * 1024 * 1024 }
/** The most bytes of all people who are known. */
const maxBytesOfKnown = 64 * 1024 * 1024
/** The least that a POST takes in the store with its headers, in bytes. */
const minBytes = 4096

/** A POST in the list of those that wait. */
export interface Waiting {
  readonly member: string
  readonly id: string
  readonly at: number
  readonly bytes: number
  readonly owner: string
}

/**
 * Those that go for the new one, which is in the list already, so that two at once cannot both take the last place. Null if it has no room, or is not in
 * the list any more. `owner`: `?` and the address of a stranger, or the share and the account.
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

/** The same order at all gates, so that of two POSTs at once only one gives way to the other. */
function oldestFirst(one: Waiting, other: Waiting): number {
  return one.at - other.at || (one.id < other.id ? -1 : 1)
}

/** Those of one person that have room, the newest first. What has none takes no room from older ones, so it does not matter whether it is still in the list. */
function stayingOf(own: readonly Waiting[]): Waiting[] {
  const staying: Waiting[] = []
  for (const one of own.toSorted(oldestFirst).reverse())
    if (staying.length < maxOfPerson.posts && bytesOf(staying) + one.bytes <= maxOfPerson.bytes) staying.push(one)
  return staying
}

/** What other sites have sent gives way to what people have typed into the app's own pages. Null if that is not enough. */
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
