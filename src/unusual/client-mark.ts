/**
 * The mark of a client: which of four headers it sends, their order, its language and platform. A program under a browser's name seldom sends the same
 * as the browser.
 */
import { reason } from '../reasons/reason.ts'
import { browserOf, systemOf } from '../request/user-agent.ts'
import { pointsOfChance } from './chance.ts'
import { find, firstDay, note } from './known-list.ts'
import type { UsageObservation } from './observation.ts'
import { known, number, type Person } from './person.ts'
import { hashText } from './read-path.ts'
import type { Track } from './track.ts'

const ordered = new Set(['user-agent', 'accept', 'accept-language', 'accept-encoding'])
const platformName = 'sec-ch-ua-platform'
const nameLengths = new Set([...ordered, 'upgrade', platformName].map(({ length }) => length))
/** Added where the session had another mark before. */
const midwayPoints = 8
const maxPoints = 38
/** Looks at a mark until it counts: a script may ask once in another language. */
const looksBefore = 3

const workers: ReadonlySet<string | undefined> = new Set(['worker', 'sharedworker', 'serviceworker'])

interface Mark {
  readonly whole: number
  /** The mark without the platform, which Chromium's workers do not name. */
  readonly bare: number
  /** The mark without language, platform and order. */
  readonly loose: number
  /** True where Chromium orders headers differently: in workers, and where a script chooses the language. */
  readonly isOfOtherOrder: boolean
}

/** Null for WebSockets and parts of media, which send other headers. */
function markOf(userAgent: string, rawHeaders: readonly string[], fetchDest: string | undefined): Mark | null {
  if (rawHeaders.length === 0) return null
  let whole = productOf(userAgent)
  let bare = whole
  const names: string[] = []
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    if (!nameLengths.has(rawHeaders[i]!.length)) continue
    const name = rawHeaders[i]!.toLowerCase()
    const value = rawHeaders[i + 1]!
    if (name === 'upgrade' || (name === 'accept-encoding' && value.startsWith('identity'))) return null
    const told = (ordered.has(name) ? ` ${name}` : '') + (name === 'accept-language' ? `=${value}` : '')
    if (ordered.has(name)) names.push(name)
    bare += told
    whole += name === platformName ? `=${value}` : told
  }
  const language = names.indexOf('accept-language')
  const hasLanguageOfScript = fetchDest === 'empty' && language >= 0 && language < names.indexOf('user-agent')
  const isOfOtherOrder = hasLanguageOfScript || workers.has(fetchDest)
  const loose = hashText([productOf(userAgent), ...names.sort()].join(' '))
  const hash = hashText(whole)
  return { whole: hash, bare: bare === whole ? hash : hashText(bare), loose, isOfOtherOrder }
}

/** A cache by User-Agent, since its patterns cost more than the rest. */
const products = new Map<string, string>()
const maxProducts = 1000
const keptLength = 512

function productOf(userAgent: string): string {
  const known = products.get(userAgent)
  if (known !== undefined) return known
  const product = `${browserOf(userAgent) ?? userAgent.split('/', 1)[0]} ${systemOf(userAgent) ?? ''}`
  if (userAgent.length > keptLength) return product
  if (products.size >= maxProducts) products.clear()
  products.set(userAgent, product)
  return product
}

export function noteMark(
  person: Person,
  track: Track,
  { userAgent = '', rawHeaders, fetchDest }: UsageObservation
): void {
  const seen = markOf(userAgent, rawHeaders, fetchDest)
  if (seen === null) return
  const { whole: mark, bare, loose } = seen
  if (seen.isOfOtherOrder && (track.mark === 0 || loose === track.looseMark)) return
  const isAlike = bare === track.bareMark && mark !== track.mark
  if (isAlike && mark === bare && fetchDest === 'empty') return
  // The first look saw a worker.
  if (isAlike && track.mark === bare) track.mark = mark
  const index = find(person, known.marks, mark)
  const isFirstDay = index < 0 || firstDay(person, known.marks, index) >= person.day
  note(person, known.marks, mark, person.day)
  if (isFirstDay) person.newToday |= 8
  // A known browser that asks in another way than before may be a program under its name.
  const isMidway = track.mark !== 0 && mark !== track.mark
  if (track.mark === 0) {
    track.mark = mark
    track.bareMark = bare
    track.looseMark = loose
  }
  // The new mark becomes the person's own only after some days, or with a proof.
  const isJoined = isMidway && isOwn(person, track.mark) && !isOwn(person, mark)
  const isNew = isFirstDay || isJoined
  // A client with another name is a doubt of its own.
  if (!isNew || track.has('changed') || (!isMidway && !isKnownBrowser(person, track))) return
  if ((isMidway ? ++track.otherMarks : ++track.firstMarks) !== looksBefore) return
  const { numbers } = person
  const days = numbers[number.workdays]! + numbers[number.restDays]!
  const points = pointsOfChance((numbers[number.newMarks]! + 0.2) / (days + 2)) + (isMidway ? midwayPoints : 0)
  const browser = browserOf(userAgent)
  const name = browser ?? 'the client'
  track.raise(
    'headers',
    Math.min(maxPoints, points),
    isMidway
      ? `The session went on with other headers: ${name} asks in another order or language than before, which is new to this person.`
      : `${name} asks in another order or language than on other days of this person.`,
    reason(isMidway ? 'headersMoved' : 'headers', { browser: browser ?? '' }),
    isMidway
  )
}

function isOwn(person: Person, mark: number): boolean {
  return person.owns(find(person, known.marks, mark), known.marks)
}

/** True if the browser and some marks of the person are known from earlier days. */
function isKnownBrowser(person: Person, { device }: Track): boolean {
  const index = find(person, known.devices, device)
  if (index < 0 || firstDay(person, known.devices, index) >= person.day) return false
  for (let i = 0; i < known.marks.size; i++)
    if (person.hashes[known.marks.at + i] !== 0 && firstDay(person, known.marks, i) < person.day) return true
  return false
}
