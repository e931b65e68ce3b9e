/** The watch on one app: what is known of it in memory, its findings, and both records in the store, which all gates share. */
import type { Clock } from '../clock.ts'
import { RecordTooNew, type Store } from '../store/store.ts'
import { AppMemory, type Sighting } from './app-memory.ts'
import { type Finding, findingsMost, makeFinding, marksOf } from './finding.ts'
import type { Mark } from './mark.ts'
import { type Changing, keepSeconds, knownRecord, nothingOpen, type OpenRecord, openRecord } from './records.ts'

export interface AppWatchOptions {
  readonly app: string
  readonly store: Store
  readonly clock: Clock
  /** A finding of this gate that is new to all. `isTold`: operators should hear of it. */
  readonly onFinding: (finding: Finding, isTold: boolean) => void
  /** Said once for each reason. */
  readonly say: (why: string) => void
}

interface Pending {
  readonly page: string
  readonly marks: readonly Mark[]
  readonly finding: Finding
}

const hourMs = 3_600_000
const dayMs = 24 * hourMs
/** Of one app in an hour. An update without an announcement is told of so often; the journal has all of them. */
const toldMost = { change: 3, alarm: 8 } as const
/** What is known is written so often, and with nothing new less often. */
const writeMs = 30_000
const calmMs = 10 * 60_000

export class AppWatch {
  learnMs = 0
  memory: AppMemory
  #open: OpenRecord = nothingOpen
  #reported: ReadonlySet<string> = new Set()
  #isLoaded = false
  /** False where a newer release has written the record: then nothing is written. */
  #mayWrite = true
  #writtenAt = 0
  #wasLearning = true
  /** Findings that the store does not have yet. */
  #pending: Pending[] = []
  readonly #said = new Set<string>()
  readonly #options: AppWatchOptions

  constructor(options: AppWatchOptions) {
    this.#options = options
    this.memory = new AppMemory(options.clock())
  }

  get app(): string {
    return this.#options.app
  }

  get isLoaded(): boolean {
    return this.#isLoaded
  }

  get findings(): readonly Finding[] {
    return this.#open.findings
  }

  /** An announced change that has not ended. */
  get changing(): Changing | null {
    const { changing } = this.#open
    return changing !== null && changing.until > this.#options.clock() ? changing : null
  }

  get isQuiet(): boolean {
    return this.changing !== null || this.memory.isLearning(this.#options.clock(), this.learnMs)
  }

  /** Reads what the store has. Rejects with StoreUnreachable. */
  async load(): Promise<void> {
    const { store } = this.#options
    const text = await store.get(knownRecord.key(this.app))
    try {
      const known = text === null ? null : knownRecord.parse(text, knownRecord.key(this.app))
      if (known !== null) this.memory.merge(known)
      else if (text !== null) this.#say('what was known of the app is damaged in the store; the gate learns it anew')
    } catch (error) {
      if (!(error instanceof RecordTooNew)) throw error
      this.#mayWrite = false
      this.#say('a newer release has written what is known of the app; this gate learns it anew, and does not write it')
    }
    await this.reload()
    this.#isLoaded = true
  }

  /** After an operator, or another gate, has changed what is open. */
  async reload(): Promise<void> {
    const { store } = this.#options
    const key = openRecord.key(this.app)
    const [known, text] = await Promise.all([store.get(knownRecord.key(this.app)), store.get(key)])
    const kept = known === null ? null : knownRecord.parseIfKnown(known)
    if (kept !== null) this.memory.merge(kept)
    if (text === null) return this.#setOpen(nothingOpen)
    const open = openRecord.parseIfKnown(text)
    if (open === null) this.#say('the open findings of the app cannot be read; the gate begins a new list')
    this.#setOpen(open ?? nothingOpen)
  }

  see(sighting: Sighting): void {
    if (!this.#isLoaded) return
    const { isQuiet } = this
    if (this.#wasLearning && !isQuiet) this.#writtenAt = 0
    this.#wasLearning = isQuiet
    // With so many open findings the app as a whole has changed: nothing is learned from it, and nothing more is said.
    if (!isQuiet && this.#open.findings.length >= findingsMost) return
    const novelty = this.memory.see(sighting, isQuiet, this.#reported)
    if (novelty === null) return
    const { clock } = this.#options
    const finding = makeFinding(this.app, sighting.page, novelty.marks, novelty.severity, clock())
    this.#pending.push({ page: sighting.page, marks: novelty.marks, finding })
    this.#setOpen({ ...this.#open, findings: [...this.#open.findings, finding] })
  }

  /** Writes what is due. Rejects with StoreUnreachable. */
  async sync(isEnd = false): Promise<void> {
    if (!this.#isLoaded) return this.load()
    for (const pending of this.#pending.splice(0)) {
      try {
        await this.#report(pending)
      } catch (error) {
        this.#pending.push(pending)
        throw error
      }
    }
    const now = this.#options.clock()
    const age = now - this.#writtenAt
    const isDue = age >= (this.memory.hasNews ? writeMs : calmMs) || age < 0 || (isEnd && this.memory.hasNews)
    if (!isDue || !this.#mayWrite || this.memory.pages === 0) return
    this.memory.hasNews = false
    this.#writtenAt = now
    try {
      await knownRecord.change<void>(this.#options.store, this.app, known => {
        if (known !== null) this.memory.merge(known)
        return { next: this.memory.text(), result: undefined, ttlSeconds: keepSeconds }
      })
    } catch (error) {
      if (error instanceof RecordTooNew) {
        this.#mayWrite = false
        return
      }
      this.memory.hasNews = true
      this.#writtenAt = now - writeMs / 2
      throw error
    }
  }

  /** The first gate that finds something is the one that says it. */
  async #report({ page, marks, finding }: Pending): Promise<void> {
    const { store, clock, onFinding } = this.#options
    const now = clock()
    const told = await openRecord.change<{ finding: Finding; isTold: boolean } | null>(store, this.app, record => {
      const open = record ?? nothingOpen
      const findings = open.findings.filter(({ lastAt }) => now - lastAt < 180 * dayMs)
      const reported = namesOf(findings)
      const left = marks.filter(({ kind, value }) => !reported.has(`${kind} ${value}`))
      if (left.length === 0 || findings.length >= findingsMost) return { result: null }
      if (open.changing !== null && open.changing.until > now) return { result: null }
      const fresh = left.length === marks.length ? finding : makeFinding(this.app, page, left, finding.severity, now)
      const lately = open.told.filter(at => now - at < hourMs && at <= now)
      const isTold = lately.length < toldMost[fresh.severity]
      const next = { ...open, findings: [...findings, fresh], told: isTold ? [...lately, now] : lately }
      return { next, result: { finding: fresh, isTold }, ttlSeconds: keepSeconds }
    })
    if (told !== null) onFinding(told.finding, told.isTold)
    await this.reload()
  }

  #setOpen(open: OpenRecord): void {
    // What is found here and not written yet stays open.
    const findings = [...open.findings, ...this.#pending.map(({ finding }) => finding)]
    const unique = [...new Map(findings.map(finding => [finding.id, finding])).values()]
    this.#open = { ...open, findings: unique }
    this.#reported = namesOf(unique)
  }

  #say(why: string): void {
    if (this.#said.has(why)) return
    this.#said.add(why)
    this.#options.say(why)
  }
}

function namesOf(findings: readonly Finding[]): Set<string> {
  return new Set(findings.flatMap(finding => marksOf(finding).map(({ kind, value }) => `${kind} ${value}`)))
}
