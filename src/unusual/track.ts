/** What one gate remembers of one session while it lasts: its client, its places, and the order in which it asks. */
import type { Reason } from '../reasons/reason.ts'
import { at } from './features.ts'
import type { Live } from './live.ts'
import type { Person } from './person.ts'

const rowCount = 4
/** Ids that are no further apart than this follow each other: some records are missing. */
const maxIdGap = 3
/** The gaps between requests vary by less than this share of their mean only where a program makes them. */
const regularShare = 0.25
const regularAfter = 12
/** A longer pause than this between two files ends a haul, in milliseconds: people who read pause. A long transfer is observed every five seconds. */
const haulPauseMs = 8000
const fileBytes = 1e6
/** A large file counts once more for each `largeBytes`, at most `maxLarge` times. */
const largeBytes = 10e6
const maxLarge = 10
/** A longer file counts as one for each so many bytes that come as fast as a download: a screen or a stream is slower. */
const longBytes = largeBytes * maxLarge
const fastBytesPerMs = 3000
/** So many bytes may come at once before they are fast. A transfer is observed after 16 MiB, and two may be at the same moment. */
const burstBytes = 34e6
/** What is fast ends being so within ten seconds at the pace of a screen. */
const maxAhead = burstBytes + 10_000 * fastBytesPerMs
/** A browser leaves its headers out now and then, but not in this many requests in a row. */
const bareInRow = 6

/** Where a session is, and was before, as hashes. */
interface SessionNetworks {
  /** The block of addresses, which one provider may have many of. */
  block: number
  network: number
  previous: number
  changedAt: number
}

/** Records that are asked for one after the other. */
interface Row {
  readonly template: number
  id: number
  /** 1 for up, -1 for down, 0 for not known. */
  step: number
  run: number
}

/** Files that were fetched one after the other. `counted`: how many files they count as. */
interface Haul {
  counted: number
  files: number
  bytes: number
}
/** The haul that all tracks without one share. */
const noHaul: Haul = { counted: 0, files: 0, bytes: 0 }

/** The points from which a doubt counts as sharing. Some people give their session to a program of theirs, which alone says little. */
const sharedFrom = 15
/** The empty list that all tracks without doubts share, to save memory. */
const none: never[] = []
/** Doubts that say that several clients share the session. */
const mixing: ReadonlySet<Doubt> = new Set<Doubt>(['changed', 'headers', 'stopped', 'disguised', 'twoPlaces'])
/** Doubts that say that a session goes on in another place. */
const placing: ReadonlySet<Doubt> = new Set<Doubt>(['network', 'country', 'travel', 'twoPlaces'])

export class Track {
  /** Its person; null before the first request. */
  live: Live | null = null
  userAgent: string | undefined
  /** True if the client has the name of a browser. */
  isBrowser = false
  /** True once a client of the session had it, also at the sign-in. */
  hadBrowser = false
  address = ''
  /** When the session was seen last. */
  seenAt = 0
  /** The networks of each family of addresses; null for a family that was not seen. */
  #v4: SessionNetworks | null = null
  #v6: SessionNetworks | null = null
  device = 0
  /** The first mark of the session, and how many looks have seen a new one since. */
  mark = 0
  /** The same without the platform. */
  bareMark = 0
  /** Which of the headers were there. */
  looseMark = 0
  otherMarks = 0
  /** How many looks have seen its first mark while that is new to the person. */
  firstMarks = 0
  /** The day on which it has last shown a fresh proof; 0 for never. */
  provedOn = 0
  /** Bytes and objects that the session has fetched since its last proof. */
  bytes = 0
  objects = 0
  /** True once more than one client seems to have used the session. */
  isMixed = false
  /** Points of place and client, with their reasons; they last until the person gives a fresh proof. */
  doubts: readonly DoubtFacts[] = none
  #rows: Row[] = none
  #lastAt = 0
  #meanGap = 0
  #gapDeviation = 0
  #regular = 0
  #wasDocument = false
  #withHeaders = 0
  #haulAt = 0
  #haulFiles = 0
  #haulBytes = 0
  /** Bytes of the running haul that came fast. */
  #fastBytes = 0
  /** Bytes by which the session is ahead of a screen, and since when. */
  #ahead = 0
  #aheadAt = 0
  /** The longest haul of the session. */
  #longest: Haul = noHaul
  #lastObject = 0
  #withoutHeaders = 0

  networksOf(isV6: boolean): SessionNetworks {
    if (isV6) this.#v6 ??= { block: 0, network: 0, previous: 0, changedAt: 0 }
    else this.#v4 ??= { block: 0, network: 0, previous: 0, changedAt: 0 }
    return (isV6 ? this.#v6 : this.#v4) as SessionNetworks
  }

  /** Counts a request for an object that the person has not asked for today, if the session asks at regular intervals, and is no program's own. */
  noteNew(person: Person, now: number): void {
    if (this.#isRegular(now) && !this.isProgram) person.numbers[at.regular]!++
  }

  /** Notes a request that may be the next of a row of records. */
  noteRow(person: Person, template: number, id: number): void {
    if (template === 0) return
    const run = this.#run(template, id)
    if (run > person.numbers[at.run]!) person.numbers[at.run] = run
  }

  /** Notes a file. Files that follow each other without a pause are a haul. */
  noteFile(now: number, object: number): void {
    if (now - this.#haulAt > haulPauseMs) this.#beginHaul(0)
    this.#haulAt = now
    if (object !== this.#lastObject) this.#haulFiles++
    this.#lastObject = object
  }

  #beginHaul(files: number): void {
    this.#haulFiles = files
    this.#haulBytes = 0
    this.#fastBytes = 0
  }

  /** True if these bytes come faster than a screen takes them. What was slow or fast before that is no excuse: only the last seconds count. */
  #isFast(now: number, bytes: number): boolean {
    const drained = fastBytesPerMs * Math.abs(now - this.#aheadAt)
    this.#aheadAt = now
    this.#ahead = Math.min(maxAhead, Math.max(0, this.#ahead - drained) + bytes)
    return this.#ahead > burstBytes
  }

  /**
   * Adds bytes to the running haul. A haul counts at most one file for each megabyte, so that the small parts of pages do not count. From the
   * third file on, large files count for more, and a long one counts as many. A program in a session of its own makes no haul, because its work is
   * to fetch.
   */
  noteHaul(person: Person, now: number, bytes: number): void {
    if (this.isProgram) return
    const isFast = this.#isFast(now, bytes)
    // What was asked for before today is no file of a row, but may be a long one.
    if (this.#haulFiles === 0 && bytes < largeBytes && !isFast) return
    if (this.#haulFiles === 0 || now - this.#haulAt > haulPauseMs) this.#beginHaul(1)
    this.#haulAt = now
    this.#haulBytes += bytes
    if (isFast) this.#fastBytes += bytes
    const large = Math.min(this.#haulBytes / largeBytes, maxLarge * (this.#haulFiles - 2))
    const files =
      Math.min(this.#haulFiles, this.#haulBytes / fileBytes) + Math.max(0, large) + this.#fastBytes / longBytes
    if (files <= person.numbers[at.haul]!) return
    person.numbers[at.haul] = files
    if (this.#longest === noHaul) this.#longest = { counted: 0, files: 0, bytes: 0 }
    this.#longest.counted = files
    this.#longest.files = this.#haulFiles
    this.#longest.bytes = this.#haulBytes
  }

  /** The person's longest haul of today; null if it was in another session, or at another gate. */
  longestHaul({ numbers }: Person): Pick<Haul, 'files' | 'bytes'> | null {
    return this.#longest.counted > 0 && this.#longest.counted === numbers[at.haul] ? this.#longest : null
  }

  /** A page that is loaded right after another one, with no script, style or image between them. */
  noteDocument(person: Person, isDocument: boolean, isNew: boolean): void {
    if (isDocument && isNew && this.#wasDocument) person.numbers[at.lonely]!++
    this.#wasDocument = isDocument
  }

  /** True for the request that is the `bareInRow`th in a row without the headers that browsers send. */
  isBareNow(hasHeaders: boolean): boolean {
    if (hasHeaders) {
      this.#withHeaders++
      this.#withoutHeaders = 0
      return false
    }
    return ++this.#withoutHeaders === bareInRow
  }

  /** True if no browser has been seen in the session, nor began it, so that a program alone uses it. */
  get isProgram(): boolean {
    return this.#withHeaders === 0 && !this.hadBrowser && !this.isMixed && !this.has('changed')
  }

  /** True if the client sent those headers before. */
  get wasBrowser(): boolean {
    return this.#withHeaders > this.#withoutHeaders
  }

  /** `text` and `reason` say the same. `isMidway`: the session had another place or client before. */
  raise(kind: Doubt, points: number, text: string, reason: Reason, isMidway = mixing.has(kind)): void {
    const before = this.doubts.find(doubt => doubt.kind === kind)
    if (before !== undefined && before.points >= points) return
    // `concat` instead of `push`: an array that grows keeps room for sixteen more.
    const { text: kept, reasons } = shared(text, reason)
    this.doubts = this.doubts.filter(doubt => doubt !== before).concat({ kind, points, text: kept, reasons, isMidway })
  }

  /** True if the session seems to be used by another client, or in another place, than before. */
  get isShared(): boolean {
    for (const { isMidway, points } of this.doubts) if (isMidway && points >= sharedFrom) return true
    return false
  }

  /** True if the session seems to be used in another place than before. */
  get isElsewhere(): boolean {
    return this.isShared && this.doubts.some(({ kind, isMidway }) => isMidway && placing.has(kind))
  }

  has(kind: Doubt): boolean {
    for (const doubt of this.doubts) if (doubt.kind === kind) return true
    return false
  }

  /** True if several clients seem to use the session. */
  get hasDoubtOfClient(): boolean {
    return this.doubts.some(({ kind }) => mixing.has(kind))
  }

  /** Call it when the person has shown a proof: the doubts end. */
  settle(): void {
    this.isMixed ||= this.doubts.some(({ kind, points }) => mixing.has(kind) && points >= sharedFrom)
    this.doubts = none
    this.bytes = 0
    this.objects = 0
  }

  #run(template: number, id: number): number {
    const row = this.#rows.find(each => each.template === template)
    if (row === undefined) {
      const fresh = { template, id, step: 0, run: 0 }
      // The shortest row makes room.
      if (this.#rows.length < rowCount) this.#rows = this.#rows.concat(fresh)
      else this.#rows[this.#rows.findIndex(each => each.run === Math.min(...this.#rows.map(({ run }) => run)))] = fresh
      return 0
    }
    const gap = id - row.id
    row.id = id
    // There and back again is no row.
    const goesOn = gap !== 0 && Math.abs(gap) <= maxIdGap && (row.step === 0 || Math.sign(gap) === row.step)
    row.step = Math.sign(gap)
    row.run = goesOn ? row.run + 1 : 0
    return row.run
  }

  #isRegular(now: number): boolean {
    const gap = now - this.#lastAt
    this.#lastAt = now
    // A pause begins a new series.
    if (gap > 600_000 || gap < 0) {
      this.#meanGap = 0
      this.#regular = 0
      return false
    }
    if (this.#meanGap === 0) {
      this.#meanGap = gap
      this.#gapDeviation = gap
      return false
    }
    this.#gapDeviation += (Math.abs(gap - this.#meanGap) - this.#gapDeviation) / 8
    this.#meanGap += (gap - this.#meanGap) / 8
    this.#regular = this.#gapDeviation < regularShare * this.#meanGap ? this.#regular + 1 : 0
    return this.#regular > regularAfter
  }
}

interface Said {
  readonly text: string
  readonly reasons: readonly Reason[]
}

/** Thousands of sessions have the same sentence, which is kept once. */
const sentences = new Map<string, Said>()
const maxSentences = 1000

function shared(text: string, reason: Reason): Said {
  const known = sentences.get(text)
  if (known !== undefined) return known
  if (sentences.size >= maxSentences) sentences.clear()
  const said = { text, reasons: [reason] }
  sentences.set(text, said)
  return said
}

export type Doubt =
  | 'network'
  | 'country'
  | 'device'
  | 'changed'
  | 'headers'
  | 'stopped'
  | 'disguised'
  | 'twoPlaces'
  | 'travel'

export interface DoubtFacts extends Said {
  readonly kind: Doubt
  readonly points: number
  readonly isMidway: boolean
}
