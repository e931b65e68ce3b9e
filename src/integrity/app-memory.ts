/** What is known of one app, and what is new in a sighting. */
import { RunningClock } from '../clock.ts'
import type { Severity } from './finding.ts'
import { KnownMarks, maxNotes, maxRates } from './known-marks.ts'
import { asksPassword, isForeign, type Mark, type MarkKind, markValue, nameOf } from './mark.ts'
import { isKnownWell, isOpenEnded, newRate, type Rate, visited } from './novelty.ts'
import { folderOf, isInStorage, isProgram } from './path-shape.ts'
import type { PageReading } from './read-page.ts'
import type { KnownRecord } from './records.ts'
import { HeldMarks } from './visitors.ts'

export interface Sighting {
  /** The shape of a response's path inside the app. */
  readonly page: string
  /** Null for a response without one, such as a script file. */
  readonly endpoint: Mark | null
  /** Null where the body was not read. */
  readonly reading: PageReading | null
  /** The gate has fetched the page itself. */
  readonly isFetched: boolean
  /** Strangers must neither fill the list of findings with their paths nor teach paths. */
  readonly isStranger: boolean
  /** A hash of the stranger's network. */
  readonly source?: string
  /** A stranger's GET without a query. */
  readonly isPlain?: boolean
}

/** The names are `KIND VALUE`. */
type Reported = Pick<ReadonlySet<string>, 'has'>

export interface Novelty {
  readonly severity: Severity
  readonly marks: readonly Mark[]
  /** True if only a stranger's path is new. */
  readonly isByStranger: boolean
  /** A stranger's new and alarming path beside this. */
  readonly path: Mark | null
}

/** A page with fewer visits is young, and teaches the app's own marks. */
const youngVisits = 3
/** So many pages end the learning. */
export const minPages = 10
/** A fetched page that keeps less of its elements is another page. */
const keptShare = 0.4
const minKinds = 8
const minElements = 6

export class AppMemory {
  since: number
  pages = 0
  readonly known = new KnownMarks()
  readonly rates = new Map<string, Rate>()
  readonly notes = new Map<string, number>()
  /** Foreign marks, while the gate learns, that visitors of one network alone have seen. */
  readonly #unwitnessed = new HeldMarks()
  hasNews = false

  readonly #running: RunningClock
  /** The `since` of others that was put right here. */
  #wrongSince: number | null = null

  /** `since`: as the clock shows it. */
  constructor(since: number) {
    this.since = since
    this.#running = new RunningClock(since)
  }

  /** Corrects a learning that began under a wrong clock; call it once a day. */
  noteTime(now: number, learnMs: number): void {
    const since = this.#running.beginning(now, this.since, learnMs)
    if (since === this.since) return
    this.#wrongSince = this.since
    this.since = since
    this.hasNews = true
  }

  isLearning(now: number, learnMs: number): boolean {
    return this.pages < minPages || this.#running.isUnsure || now - this.since < learnMs
  }

  /** `isQuiet`: learn everything. `open`: reported already. `isAnnounced`: strangers' plain requests teach too. */
  see(sighting: Sighting, isQuiet: boolean, open: Reported, isAnnounced = false): Novelty | null {
    const { page, endpoint, reading, isFetched } = sighting
    const isStranger = sighting.isStranger && !isQuiet
    const group = isFetched ? `fetched ${page}` : page
    if (reading !== null) this.pages++
    const isReported = (mark: Mark) => open.has(nameOf(mark))
    const isTaught = isQuiet && isDoubtful(sighting, isAnnounced) ? this.#witness(sighting) : () => true
    const unknown = (reading?.marks ?? []).filter(mark => !this.known.has(mark) && isTaught(mark))
    const silent = this.#silentKinds(page, reading)
    const novel = unknown.filter(mark => !isReported(mark) && !silent.includes(mark.kind))
    const foreign = novel.filter(isFar)
    const own = novel.filter(mark => !isFar(mark))
    const foreignRate = this.#rate(`foreign ${group}`)
    const ownRate = this.#rate(`own ${group}`)
    const isYoung = ownRate.seen < youngVisits && !own.some(({ kind }) => kind === 'file')
    const endpointNews =
      endpoint === null || isReported(endpoint) ? null : this.#endpoint(endpoint, reading, isStranger)
    const looks = isFetched && reading !== null ? this.#looks(page, reading) : null

    const reported = [
      ...(isOpenEnded(foreignRate) ? [] : foreign),
      ...(isYoung || isOpenEnded(ownRate) ? [] : own),
      ...(endpointNews === null ? [] : [endpointNews.mark]),
      ...(looks === null || isReported(looks) || this.known.has(looks) ? [] : [looks])
    ]
    // A page that repeats its address lets strangers bring something new at will.
    if (reading !== null && !(isStranger && isKnownWell(ownRate))) {
      visited(foreignRate, foreign.length > 0)
      visited(ownRate, own.length > 0)
    }
    if (!isQuiet && reported.length > 0) {
      const rest = unknown.filter(mark => !isReported(mark) && !reported.includes(mark))
      const path = isStranger ? (endpointNews?.mark ?? null) : null
      const others = reported.filter(mark => mark !== path)
      if (path !== null && others.length === 0) return noveltyOfPath(path)
      const isAlarm =
        (path === null && endpointNews?.isAlarm === true) ||
        looks !== null ||
        others.some(mark => this.#isAlarming(mark))
      return { severity: isAlarm ? 'alarm' : 'change', marks: [...others, ...rest], isByStranger: false, path }
    }
    const taught = isStranger ? { ...sighting, endpoint: null } : sighting
    this.#learn(
      taught,
      isQuiet ? mark => !isTaught(mark) : isReported,
      looks !== null && !isQuiet && !this.known.has(looks)
    )
    return null
  }

  /** A page may repeat what a stranger asks for, so visitors of one network alone teach nothing foreign. */
  #witness({ reading, source = '' }: Sighting): (mark: Mark) => boolean {
    const foreign = (reading?.marks ?? []).filter(mark => isElsewhere(mark) && !this.known.has(mark)).map(nameOf)
    const alone = new Set(foreign.filter(name => !this.#unwitnessed.isOfOthers(name, source)))
    this.#unwitnessed.hold(alone, source)
    return mark => !alone.has(nameOf(mark))
  }

  note(text: string, day: number): void {
    if (this.notes.get(text) === day) return
    this.notes.delete(text)
    this.notes.set(text, day)
    this.hasNews = true
    for (const oldest of this.notes.keys()) {
      if (this.notes.size <= maxNotes) return
      this.notes.delete(oldest)
    }
  }

  merge({ since, pages, marks, rates, notes }: KnownRecord): void {
    if (since !== this.#wrongSince) this.since = since
    this.pages = Math.max(this.pages, pages)
    this.known.merge(marks)
    for (const [group, seen, early, late] of rates) {
      const rate = this.#rate(group)
      if (seen > rate.seen) Object.assign(rate, { seen, early, late })
    }
    for (const [note, day] of notes) if ((this.notes.get(note) ?? -1) < day) this.note(note, day)
  }

  text(): KnownRecord {
    const { since, pages } = this
    const rates = [...this.rates].map(
      ([group, { seen, early, late }]) => [group, seen, early, Math.round(late * 100) / 100] as const
    )
    return { since, pages, marks: this.known.text(), rates, notes: [...this.notes] }
  }

  /** The first sight of a script file is no change. Its names count only in a new build of a known script. */
  #silentKinds(page: string, reading: PageReading | null): readonly MarkKind[] {
    const file = reading?.marks.find(({ kind }) => kind === 'file')
    if (file === undefined) return []
    const path = file.value.slice(0, file.value.lastIndexOf(' ') + 1)
    if (this.known.hasBeginning('file', path)) return []
    // A name that is nothing but a hash may be any script.
    const isBuild = !/\/#[^/]*$/.test(page) && this.known.has({ kind: 'script', value: page })
    return isBuild ? ['file'] : ['file', 'names']
  }

  /** Of strangers' paths only alarms count. */
  #endpoint(
    mark: Mark,
    reading: PageReading | null,
    isStranger: boolean
  ): { readonly mark: Mark; readonly isAlarm: boolean } | null {
    const path = mark.value.slice(mark.value.indexOf(' ') + 1)
    const isNew = !this.known.has(mark)
    const folder = folderOf(path)
    const rate = this.#rate(`folder ${folder}`)
    const ordinary = isOpenEnded(this.#nearest(folder))
    if (!isStranger) visited(rate, isNew)
    if (!isNew) return null
    const isRunnable = isProgram(path)
    const isStored = isInStorage(path)
    const isStrange = isRunnable && (isStored || !this.#runs(path))
    const looksKnown = reading?.structure != null && this.known.has({ kind: 'structure', value: reading.structure })
    if (isRunnable && isStrange) return looksKnown ? null : { mark, isAlarm: true }
    const isTemplate =
      looksKnown ||
      (reading !== null && reading.skeleton !== '' && this.known.has({ kind: 'skeleton', value: reading.skeleton }))
    if (isTemplate || this.#isAnnounced(path) || (ordinary && !isRunnable)) return null
    const isAlarm = isStored && mark.value.startsWith('GET ') && this.known.count('endpoint') > 0
    return isStranger && !isAlarm ? null : { mark, isAlarm }
  }

  /** A script in a folder without others may have been planted. */
  #isAlarming(mark: Mark): boolean {
    if (mark.kind === 'script' && mark.value.startsWith('/'))
      return !this.known.hasBeginning('script', folderOf(mark.value))
    return isFar(mark) && mark.kind !== 'style'
  }

  #runs(path: string): boolean {
    const kind = /\.[a-z]+/i.exec(path.slice(path.lastIndexOf('/')))?.[0]?.toLowerCase() ?? ''
    return this.known.values('endpoint').some(value => value.toLowerCase().includes(kind) && isProgram(value))
  }

  /** Pages of the app have led there. */
  #isAnnounced(path: string): boolean {
    return [path, path.endsWith('/') ? path.slice(0, -1) : `${path}/`].some(
      value =>
        this.known.has({ kind: 'link', value }) ||
        this.known.has({ kind: 'form', value }) ||
        this.known.has({ kind: 'form', value: value + asksPassword })
    )
  }

  /** The folder's rate, or the nearest above it. */
  #nearest(folder: string): Rate {
    for (let at = folder; ; at = folderOf(at.slice(0, -1))) {
      const rate = this.rates.get(`folder ${at}`)
      if (rate !== undefined && rate.seen > 0) return rate
      if (at === '/' || at === '') return newRate()
    }
  }

  /** Null unless a fetched page has hardly anything of what it had. */
  #looks(page: string, { elements, structure }: PageReading): Mark | null {
    const before = this.known.values('element').filter(value => value.startsWith(`${page} `))
    if (before.length < minKinds) return null
    const now = new Set(elements.map(element => `${page} ${element}`))
    const kept = before.filter(value => now.has(value)).length
    // Errors and empty answers are no other page.
    if (kept >= Math.min(before.length, now.size) * keptShare || elements.length < minElements) return null
    return { kind: 'structure', value: markValue(`${structure} of ${page}`) }
  }

  #learn(
    { page, endpoint, reading, isFetched }: Sighting,
    isReported: (mark: Mark) => boolean,
    isOther: boolean
  ): void {
    const add = (mark: Mark) => {
      if (!isReported(mark) && this.known.add(mark)) this.hasNews = true
    }
    if (endpoint !== null) add(endpoint)
    if (reading === null || isOther) return
    const { marks, links, skeleton, structure, elements } = reading
    for (const mark of marks) add(mark)
    // Another page may have the same form.
    if (marks.some(({ kind, value }) => kind === 'form' && value === `.${asksPassword}`))
      add({ kind: 'form', value: markValue(page + asksPassword) })
    // A page with reported things teaches nothing else.
    if (marks.some(isReported)) return
    for (const value of links) add({ kind: 'link', value })
    if (skeleton !== '') add({ kind: 'skeleton', value: skeleton })
    if (structure !== null) add({ kind: 'structure', value: structure })
    if (isFetched) for (const element of elements) add({ kind: 'element', value: `${page} ${element}` })
  }

  #rate(group: string): Rate {
    let rate = this.rates.get(group)
    if (rate === undefined) {
      rate = newRate()
      for (const oldest of this.rates.keys()) {
        if (this.rates.size < maxRates) break
        this.rates.delete(oldest)
      }
    } else this.rates.delete(group)
    this.rates.set(group, rate)
    return rate
  }
}

export function noveltyOfPath(path: Mark): Novelty {
  return { severity: 'alarm', marks: [path], isByStranger: true, path: null }
}

function isDoubtful({ isStranger, isFetched, isPlain }: Sighting, isAnnounced: boolean): boolean {
  return isStranger && !isFetched && !(isAnnounced && isPlain === true)
}

function isElsewhere(mark: Mark): boolean {
  return isFar(mark) && mark.value.includes('//')
}

/** A `<base>` moves every address of a page, and a password must go nowhere else, not even in the app. */
function isFar(mark: Mark): boolean {
  return mark.kind === 'base' || (mark.kind === 'form' && mark.value.endsWith(asksPassword)) || isForeign(mark)
}
