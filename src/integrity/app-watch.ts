/** The watch on one app, with its two records, which all gates share. */
import { type Clock, dayMs, hourMs } from '../clock.ts'
import { RecordTooNew, type Store } from '../store/store.ts'
import { AppMemory, type Novelty, noveltyOfPath, type Sighting } from './app-memory.ts'
import { type Finding, makeFinding, marksOf, type SeenBy, seenByMore } from './finding.ts'
import { type Mark, nameOf } from './mark.ts'
import { type Lacking, lackingOf, type Place, placed, placeOf } from './places.ts'
import { type Changing, keepSeconds, knownRecord, nothingOpen, type OpenRecord, openRecord } from './records.ts'
import { HeldMarks, severalVisitors } from './visitors.ts'

interface AppWatchOptions {
  readonly app: string
  readonly store: Store
  readonly clock: Clock
  /** `isTold`: operators should hear of it. */
  readonly onFinding: (finding: Finding, isTold: boolean) => void
  /** Once for each kind, until an operator approves something. */
  readonly onFull: (place: Lacking) => void
  readonly say: (why: string) => void
}

interface Pending {
  readonly page: string
  readonly marks: readonly Mark[]
  readonly finding: Finding
}

/** The most notices in an hour, for an update that was not announced. The journal has all findings. */
const maxTold: Readonly<Record<Place, number>> = {
  change: 3,
  alarm: 8,
  program: 4,
  stranger: 2,
  visitor: 3,
  visitors: 6
}
const maxUnplaced = 8192
/** Without news, writes are rarer. */
const writeMs = 30_000
const calmMs = 10 * 60_000

export class AppWatch {
  learnMs = 0
  memory: AppMemory
  /** Changes when marks without a place may be found again. */
  epoch = 0
  #open: OpenRecord = nothingOpen
  #reported: ReadonlySet<string> = new Set()
  /** Marks without a place count as reported, so they are not learned. */
  #unplaced = new Set<string>()
  /** The same for strangers' marks, towards the same strangers. */
  readonly #held = new HeldMarks()
  /** Strangers' findings that others have seen, by id. */
  readonly #confirmed = new Map<string, SeenBy & Pick<Finding, 'page'>>()
  /** Strangers' findings that had no place once others had seen them, with who had. */
  #unmoved = new Set<string>()
  #full = new Set<Lacking>()
  #isLoaded = false
  /** False if a newer release has written the record. */
  #mayWrite = true
  #writtenAt = 0
  #wasLearning = true
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

  get changing(): Changing | null {
    const { changing } = this.#open
    return changing !== null && changing.until > this.#options.clock() ? changing : null
  }

  get isQuiet(): boolean {
    return this.changing !== null || this.#isLearning
  }

  get #isLearning(): boolean {
    return this.memory.isLearning(this.#options.clock(), this.learnMs)
  }

  /** Rejects with StoreUnreachable. */
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

  /** What the app's answers lack, or say of themselves. */
  note(text: string): void {
    this.memory.note(text, Math.floor(this.#options.clock() / dayMs))
  }

  see(sighting: Sighting): void {
    if (!this.#isLoaded) return
    this.memory.noteTime(this.#options.clock(), this.learnMs)
    const { isQuiet } = this
    if (this.#wasLearning && !isQuiet) this.#writtenAt = 0
    this.#wasLearning = isQuiet
    const source = sighting.isStranger && !sighting.isFetched ? (sighting.source ?? '') : null
    if (!isQuiet) this.#confirm(sighting, source)
    const isHeld = (name: string) => source !== null && this.#held.isOf(name, source)
    const reported = { has: (name: string) => this.#reported.has(name) || isHeld(name) }
    const isAnnounced = this.changing !== null && !this.#isLearning
    const novelty = this.memory.see(sighting, isQuiet, reported, isAnnounced)
    if (novelty === null) return
    const { path } = novelty
    // Alone, since the rest of the page is less and may have no place.
    if (path !== null) this.#find(sighting.page, noveltyOfPath(path), source)
    this.#find(sighting.page, novelty, source)
  }

  #find(page: string, { marks, severity, isByStranger }: Novelty, source: string | null): void {
    const seenBy = this.#seenBy(source, marks, isByStranger)
    const finding = makeFinding(this.app, page, marks, severity, this.#options.clock(), seenBy)
    const room = placed(this.#open.findings, finding)
    if (room === null) return this.#noteFull(finding, [finding])
    this.#pending.push({ page, marks, finding })
    const lost = this.#open.findings.filter(one => !room.findings.includes(one))
    for (const one of lost) this.#noteFull(one, [one])
    this.#setOpen({ ...this.#open, findings: room.findings })
  }

  #seenBy(source: string | null, marks: readonly Mark[], isByStranger: boolean): SeenBy {
    if (source === null) return {}
    const isOfOthers = marks.some(mark => this.#held.isOfOthers(nameOf(mark), source))
    const onlySeenBy = isOfOthers ? severalVisitors : source
    return isByStranger ? { isByStranger, onlySeenBy } : { onlySeenBy }
  }

  #confirm({ page, reading, endpoint }: Sighting, source: string | null): void {
    for (const finding of this.#open.findings) {
      const { id, onlySeenBy, isByStranger } = finding
      if (onlySeenBy === undefined || onlySeenBy === source) continue
      if (source !== null && (onlySeenBy === severalVisitors || isByStranger)) continue
      const names = namesOf([finding])
      const marks = endpoint === null ? (reading?.marks ?? []) : [endpoint, ...(reading?.marks ?? [])]
      if (!marks.some(mark => names.has(nameOf(mark)))) continue
      const seenBy = source === null ? { page } : { page, onlySeenBy: severalVisitors }
      if (this.#unmoved.has(moveOf(id, seenBy))) continue
      if (source === null || !this.#confirmed.has(id)) this.#confirmed.set(id, seenBy)
    }
  }

  /** Rejects with StoreUnreachable. */
  async sync(isEnd = false): Promise<void> {
    if (!this.#isLoaded) return this.load()
    const due = this.#pending.splice(0)
    for (const [i, pending] of due.entries()) {
      try {
        await this.#report(pending)
      } catch (error) {
        this.#pending.push(...due.slice(i))
        throw error
      }
    }
    for (const [id, seenBy] of this.#confirmed) {
      await this.#reportConfirmed(id, seenBy)
      this.#confirmed.delete(id)
    }
    await this.#reportFull()
    const now = this.#options.clock()
    this.memory.noteTime(now, this.learnMs)
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

  /** The first gate that finds it tells it. */
  async #report({ page, marks, finding }: Pending): Promise<void> {
    const { store, clock, onFinding } = this.#options
    const now = clock()
    const result = await openRecord.change<{ finding: Finding; isTold: boolean } | Place | null>(
      store,
      this.app,
      record => {
        const open = record ?? nothingOpen
        const findings = open.findings.filter(({ lastAt }) => now - lastAt < 180 * dayMs)
        const reported = namesOf(findings)
        const left = marks.filter(({ kind, value }) => !reported.has(`${kind} ${value}`))
        if (left.length === 0) return { result: null }
        if (open.changing !== null && open.changing.until > now) return { result: null }
        const fresh =
          left.length === marks.length
            ? finding
            : makeFinding(this.app, page, left, finding.severity, now, seenByOf(finding))
        const place = placeOf(fresh)
        const room = placed(findings, fresh)
        if (room === null) return { result: place }
        return { ...told(open, fresh, room.findings, now), ttlSeconds: keepSeconds }
      }
    )
    if (typeof result === 'string') this.#noteFull(finding, [finding])
    else if (result !== null) onFinding(result.finding, result.isTold)
    await this.reload()
  }

  /** It is told again, since one visitor alone could not cause it. */
  async #reportConfirmed(id: string, seenBy: SeenBy & Pick<Finding, 'page'>): Promise<void> {
    const { store, clock, onFinding } = this.#options
    const now = clock()
    let unplaced: Finding | null = null
    const result = await openRecord.change<{ finding: Finding; isTold: boolean } | null>(store, this.app, record => {
      unplaced = null
      const found = record?.findings.find(one => one.id === id)
      if (record === null || found?.onlySeenBy === undefined) return { result: null }
      if (found.onlySeenBy === seenBy.onlySeenBy) return { result: null }
      const fresh = seenByMore(this.app, found, seenBy, now)
      const others = record.findings.filter(one => one !== found)
      const room = placed(others, fresh)
      if (room === null) {
        unplaced = fresh
        return { result: null }
      }
      return { ...told(record, fresh, room.findings, now), ttlSeconds: keepSeconds }
    })
    if (result !== null) onFinding(result.finding, result.isTold)
    if (unplaced !== null) {
      this.#noteFull(unplaced, [unplaced])
      this.#unmoved.add(moveOf(id, seenBy))
    }
    await this.reload()
  }

  #noteFull(finding: Finding, findings: readonly Finding[]): void {
    const { onlySeenBy } = finding
    if (onlySeenBy !== undefined) this.#held.hold(namesOf(findings), onlySeenBy)
    else {
      if (this.#unplaced.size >= maxUnplaced) this.#unplaced = new Set()
      for (const name of namesOf(findings)) this.#unplaced.add(name)
    }
    this.#reported = new Set([...namesOf(this.#open.findings), ...this.#unplaced])
    const lacking = lackingOf(placeOf(finding))
    if (this.#open.full?.[lacking] === undefined) this.#full.add(lacking)
  }

  /** The first gate without room tells it. */
  async #reportFull(): Promise<void> {
    const { store, clock, onFull } = this.#options
    for (const place of this.#full) {
      const isFirst = await openRecord.change<boolean>(store, this.app, record => {
        const open = record ?? nothingOpen
        if (open.full?.[place] !== undefined) return { result: false }
        return { next: { ...open, full: { ...open.full, [place]: clock() } }, result: true, ttlSeconds: keepSeconds }
      })
      this.#full.delete(place)
      if (isFirst) onFull(place)
    }
  }

  #setOpen(open: OpenRecord): void {
    const findings = [...open.findings, ...this.#pending.map(({ finding }) => finding)]
    const unique = [...new Map(findings.map(finding => [finding.id, finding])).values()]
    const wasFull = Object.keys(this.#open.full ?? {}).length > 0
    if (wasFull && Object.keys(open.full ?? {}).length === 0) {
      this.#unplaced = new Set()
      this.#held.clear()
      this.#unmoved = new Set()
      this.epoch++
    }
    this.#open = { ...open, findings: unique }
    this.#reported = new Set([...namesOf(unique), ...this.#unplaced])
  }

  #say(why: string): void {
    if (this.#said.has(why)) return
    this.#said.add(why)
    this.#options.say(why)
  }
}

const listOf: Readonly<Partial<Record<Place, 'toldPaths' | 'toldVisitors'>>> = {
  program: 'toldPaths',
  stranger: 'toldPaths',
  visitor: 'toldVisitors',
  visitors: 'toldVisitors'
}

function told(
  open: OpenRecord,
  finding: Finding,
  findings: readonly Finding[],
  now: number
): { readonly next: OpenRecord; readonly result: { readonly finding: Finding; readonly isTold: boolean } } {
  const place = placeOf(finding)
  const list = listOf[place] ?? 'told'
  const lately = (open[list] ?? []).filter(at => now - at < hourMs && at <= now)
  const isTold = lately.length < maxTold[place]
  const next = { ...open, findings, [list]: isTold ? [...lately, now] : lately }
  return { next, result: { finding, isTold } }
}

function moveOf(id: string, { onlySeenBy = '' }: SeenBy): string {
  return `${id} ${onlySeenBy}`
}

function seenByOf({ isByStranger, onlySeenBy }: Finding): SeenBy {
  return { ...(isByStranger && { isByStranger }), ...(onlySeenBy !== undefined && { onlySeenBy }) }
}

function namesOf(findings: readonly Finding[]): Set<string> {
  return new Set(findings.flatMap(finding => marksOf(finding).map(nameOf)))
}
