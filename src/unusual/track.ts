/** What one gate remembers of one session. */
import type { Reason } from '../reasons/reason.ts'
import { at } from './features.ts'
import type { Live } from './live.ts'
import type { Person } from './person.ts'

const rowCount = 4
/** Some records of a row may be missing. */
const maxIdGap = 3
/** Only a program's gaps vary by less than this share of their mean. */
const regularShare = 0.25
const regularAfter = 12
/** A longer pause between files ends a haul. A long transfer is observed every five seconds. */
const haulPauseMs = 8000
const fileBytes = 1e6
/** A large file counts once more for each so many bytes. */
const largeBytes = 10e6
const maxLarge = 10
/** Bytes as fast as a download count as a file for each so many. */
const longBytes = largeBytes * maxLarge
const fastBytesPerMs = 3000
/** Transfers are observed after 16 MiB, and two may be at once. */
const burstBytes = 34e6
/** At the pace of a screen, a transfer stops being fast within ten seconds. */
const maxAhead = burstBytes + 10_000 * fastBytesPerMs
/** Browsers leave their headers out now and then. */
const bareInRow = 6

/** Where a session is, and was before, as hashes. One network may have many blocks of addresses. */
interface SessionNetworks {
  block: number
  network: number
  previous: number
  changedAt: number
}

/** Records in a row. */
interface Row {
  readonly template: number
  id: number
  /** 1 up, -1 down, 0 unknown. */
  step: number
  run: number
}

/** Files without a pause between them. `counted`: how many they count as. */
interface Haul {
  counted: number
  files: number
  bytes: number
}
const noHaul: Haul = { counted: 0, files: 0, bytes: 0 }

/** From so many points a session counts as shared; a program of the person's own gives fewer. */
const sharedFrom = 15
/** Shared, to save memory. */
const none: never[] = []
/** Several clients share the session. */
const mixing: ReadonlySet<Doubt> = new Set<Doubt>(['changed', 'headers', 'stopped', 'disguised', 'twoPlaces'])
/** It goes on in another place. */
const placing: ReadonlySet<Doubt> = new Set<Doubt>(['network', 'country', 'travel', 'twoPlaces'])

export class Track {
  live: Live | null = null
  userAgent: string | undefined
  isBrowser = false
  isMobile = false
  /** True once a client of the session, also at the sign-in, had a browser's name. */
  hadBrowser = false
  address = ''
  seenAt = 0
  #v4: SessionNetworks | null = null
  #v6: SessionNetworks | null = null
  device = 0
  /** The first mark: whole, without the platform, and only which headers were there. */
  mark = 0
  bareMark = 0
  looseMark = 0
  /** Looks that have seen a new mark since, and the first one while it was new to the person. */
  otherMarks = 0
  firstMarks = 0
  /** The day of the last proof; 0 for never. */
  provedOn = 0
  /** Amounts since the last proof. */
  bytes = 0
  objects = 0
  /** True once several clients seem to have used the session. */
  isMixed = false
  /** They last until a fresh proof. */
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
  #fastBytes = 0
  /** Bytes by which the session is ahead of a screen. */
  #ahead = 0
  #aheadAt = 0
  #longest: Haul = noHaul
  #lastObject = 0
  #withoutHeaders = 0

  networksOf(isV6: boolean): SessionNetworks {
    if (isV6) this.#v6 ??= { block: 0, network: 0, previous: 0, changedAt: 0 }
    else this.#v4 ??= { block: 0, network: 0, previous: 0, changedAt: 0 }
    return (isV6 ? this.#v6 : this.#v4) as SessionNetworks
  }

  /** Counts a new object, if the session asks at regular intervals. */
  noteNew(person: Person, now: number): void {
    if (this.#isRegular(now) && !this.isProgram) person.numbers[at.regular]!++
  }

  noteRow(person: Person, template: number, id: number): void {
    if (template === 0) return
    const run = this.#run(template, id)
    if (run > person.numbers[at.run]!) person.numbers[at.run] = run
  }

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

  /** True if bytes come faster than a screen takes them. Only the last seconds count. */
  #isFast(now: number, bytes: number): boolean {
    const drained = fastBytesPerMs * Math.abs(now - this.#aheadAt)
    this.#aheadAt = now
    this.#ahead = Math.min(maxAhead, Math.max(0, this.#ahead - drained) + bytes)
    return this.#ahead > burstBytes
  }

  /**
   * A file counts for each megabyte, so small parts of pages do not. From the third file on, large files count more. A program in its own session makes
   * no haul: its work is to fetch.
   */
  noteHaul(person: Person, now: number, bytes: number): void {
    if (this.isProgram) return
    const isFast = this.#isFast(now, bytes)
    // A small known object begins no haul.
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

  /** Null if the longest haul was in another session, or at another gate. */
  longestHaul({ numbers }: Person): Pick<Haul, 'files' | 'bytes'> | null {
    return this.#longest.counted > 0 && this.#longest.counted === numbers[at.haul] ? this.#longest : null
  }

  /** Counts a page without scripts, styles or images since the one before. */
  noteDocument(person: Person, isDocument: boolean, isNew: boolean): void {
    if (isDocument && isNew && this.#wasDocument) person.numbers[at.lonely]!++
    this.#wasDocument = isDocument
  }

  /** True once in a row of requests without a browser's headers. */
  isBareNow(hasHeaders: boolean): boolean {
    if (hasHeaders) {
      this.#withHeaders++
      this.#withoutHeaders = 0
      return false
    }
    return ++this.#withoutHeaders === bareInRow
  }

  /** True if a program alone uses the session. */
  get isProgram(): boolean {
    return this.#withHeaders === 0 && !this.hadBrowser && !this.isMixed && !this.has('changed')
  }

  get wasBrowser(): boolean {
    return this.#withHeaders > this.#withoutHeaders
  }

  /** `text` and `reason` say the same. `isMidway`: the session had another place or client before. */
  raise(kind: Doubt, points: number, text: string, reason: Reason, isMidway = mixing.has(kind)): void {
    const before = this.doubts.find(doubt => doubt.kind === kind)
    if (before !== undefined && before.points >= points) return
    // An array that grows by `push` keeps room for sixteen more.
    const { text: kept, reasons } = shared(text, reason)
    this.doubts = this.doubts.filter(doubt => doubt !== before).concat({ kind, points, text: kept, reasons, isMidway })
  }

  /** Another client or place seems to use the session. */
  get isShared(): boolean {
    for (const { isMidway, points } of this.doubts) if (isMidway && points >= sharedFrom) return true
    return false
  }

  get isElsewhere(): boolean {
    return this.isShared && this.doubts.some(({ kind, isMidway }) => isMidway && placing.has(kind))
  }

  has(kind: Doubt): boolean {
    for (const doubt of this.doubts) if (doubt.kind === kind) return true
    return false
  }

  get hasDoubtOfClient(): boolean {
    return this.doubts.some(({ kind }) => mixing.has(kind))
  }

  /** A proof ends the doubts. */
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

/** Thousands of sessions share one sentence. */
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
