/** The requests of one person on one day: visits to apps with pages, downloads, uploads, sockets, mistakes and now and then a heavy transfer. */
import type { Observation } from '../../../src/unusual/observation.ts'
import { type Habit, type Network, networkIn, type Person, projectCount, userAgent } from './institute.ts'
import type { Random } from './random.ts'

export interface Event extends Observation {
  /** Null where the person is at work. */
  readonly theft: number | null
}

export const dayMs = 86_400_000
export const hourMs = 3_600_000
const groupName = (group: number) => `lab-${group}`

type AppName = 'wiki' | 'files' | 'records' | 'notebooks' | 'instruments' | 'viewer'

const appsOf: Readonly<Record<Habit, Partial<Record<AppName, number>>>> = {
  reader: { wiki: 5, files: 3, records: 1 },
  analyst: { notebooks: 6, files: 2, wiki: 1 },
  instrument: { instruments: 6, files: 2, wiki: 1, records: 1 },
  microscopist: { viewer: 6, files: 2, wiki: 1 },
  mover: { files: 5, notebooks: 2, wiki: 1 },
  secretary: { records: 6, wiki: 3, files: 1 },
  traveller: { files: 3, wiki: 3, records: 1 },
  syncer: { files: 4, wiki: 2, notebooks: 1 },
  shift: { instruments: 4, records: 2, wiki: 2 },
  newcomer: { wiki: 5, files: 3, records: 1, notebooks: 2 }
}

/** The connection of a visit. */
export interface Line {
  readonly network: Network
  readonly userAgent: string
  readonly session: string
  readonly sessionStartedAt: number
}

export class Day {
  readonly events: Event[] = []
  readonly #person: Person
  readonly #random: Random
  readonly #start: number
  readonly #day: number

  constructor(person: Person, day: number, start: number) {
    this.#person = person
    this.#random = person.random
    this.#day = day
    this.#start = start
  }

  /** Sorted by time. */
  make(): Event[] {
    const person = this.#person
    const random = this.#random
    if (this.#day < person.startDay || person.away.has(this.#day)) return []
    this.#change()
    const trip = person.trips.find(({ from, to }) => from <= this.#day && this.#day < to) ?? null
    // Day 0 of the simulation is a Monday.
    const isWeekend = this.#day % 7 > 4
    if (!random.chance(isWeekend ? person.worksWeekends : trip === null ? 0.95 : 0.75)) return []
    const shift = trip === null ? 0 : random.between(-8, 8)
    // Busy days and quiet ones, and now and then a day before a deadline.
    const pace = person.activity * random.lognormal(1, 0.5) * (random.chance(0.04) ? random.pareto(1.2, 20) : 1)
    const line = this.#line(trip?.network ?? (random.chance(isWeekend ? 0.1 : 0.75) ? person.office : person.home), 0)
    const visits = Math.max(1, random.poisson(Math.min(12, 3.5 * pace)))
    for (let i = 0; i < visits; i++)
      this.#visit(this.#hour(person.begin + shift, person.end + shift), line, Math.max(0.3, pace / 2))
    if (random.chance(person.worksEvenings))
      this.#visit(this.#hour(person.end + 1, person.end + 5), this.#line(trip?.network ?? person.home, 1), 0.7)
    if (person.phone !== null && random.chance(0.4)) this.#phone()
    this.#odd(line)
    return this.events.sort((one, other) => one.at - other.at)
  }

  #hour(from: number, to: number): number {
    return this.#start + hourMs * Math.min(40, Math.max(0, this.#random.between(from, to)))
  }

  #change(): void {
    const person = this.#person
    const random = this.#random
    if (person.changes?.day === this.#day) {
      person.projects = [person.changes.project, ...person.projects.slice(0, 1)]
      person.volume *= person.changes.factor
      person.recent.length = 0
    }
    if (random.chance(0.002)) person.browser = userAgent(random)
    // A provider gives a new address.
    if (random.chance(0.02)) person.home = networkIn(random, person.home.country)
    if (this.#day % 28 === 0)
      person.browser = person.browser.replace(
        /(Firefox|rv:|Chrome|Edg)([/:]?)(\d+)/g,
        (_, name, mark, n) => `${name}${mark}${Number(n) + 1}`
      )
  }

  #line(network: Network, number: number): Line {
    const person = this.#person
    const from = this.#start + hourMs * Math.max(0, person.begin - 0.2)
    return {
      network,
      userAgent: person.browser,
      session: `${person.account}/${this.#day}/${number}`,
      sessionStartedAt: number === 0 ? from : from + 8 * hourMs
    }
  }

  #visit(at: number, line: Line, pace: number): void {
    const random = this.#random
    const pages = Math.max(1, Math.round(random.lognormal(6, 0.8) * pace))
    const app = random.weighted(appsOf[this.#person.habit] as Record<AppName, number>)
    if (app === 'wiki') this.#wiki(at, line, pages)
    else if (app === 'records') this.#records(at, line, pages)
    else if (app === 'viewer') this.#viewer(at, line, pages)
    else if (app === 'notebooks') this.#notebook(at, line, pages)
    else if (app === 'instruments') this.#instrument(at, line, pages)
    else if (this.#person.habit === 'syncer') this.#sync(at, line, pages)
    else this.#files(at, line, pages)
  }

  #emit(at: number, line: Line, app: AppName, path: string, bytes: number, more: Partial<Event> = {}): void {
    const person = this.#person
    const { v4, v6 } = line.network
    this.events.push({
      at: Math.round(at),
      account: person.account,
      groups: [groupName(person.group)],
      session: line.session,
      sessionStartedAt: line.sessionStartedAt,
      app,
      method: 'GET',
      path,
      address:
        v6 !== null && person.isDualStack && this.#random.chance(0.5) ? `${v6}${(person.index + 1).toString(16)}` : v4,
      userAgent: line.userAgent,
      fetchDest: 'empty',
      status: this.#random.chance(0.004) ? 404 : 200,
      bytes: Math.round(bytes),
      isFirst: true,
      theft: null,
      ...more
    })
  }

  /** The parts of a page, of which most are cached. */
  #page(at: number, line: Line, app: AppName, path: string, bytes: number, parts = 4): number {
    const random = this.#random
    this.#emit(at, line, app, path, bytes, { fetchDest: 'document' })
    let t = at
    for (let i = random.poisson(parts); i > 0; i--) {
      t += random.exponential(60)
      this.#emit(t, line, app, `/static/${app}-${random.integer(12)}.js`, random.lognormal(20e3, 1), {
        fetchDest: random.pick(['script', 'style', 'image'])
      })
    }
    return t + random.lognormal(12_000, 1.2)
  }

  #wiki(at: number, line: Line, pages: number): void {
    const random = this.#random
    let t = at
    for (let i = 0; i < pages; i++)
      t = this.#page(
        t,
        line,
        'wiki',
        `/wiki/page/${Math.floor(random.pareto(0.8, 4000))}-title`,
        random.lognormal(25e3, 0.8)
      )
  }

  #records(at: number, line: Line, pages: number): void {
    const random = this.#random
    let t = at
    let id = 10_000 + random.integer(20_000)
    for (let i = 0; i < pages * 2; i++) {
      // Lists are read page by page, and records often one after the other.
      if (random.chance(0.2)) t = this.#page(t, line, 'records', `/records?page=${i}`, random.lognormal(40e3, 0.5), 2)
      id = random.chance(0.5) ? id + 1 : 10_000 + random.integer(20_000)
      t = this.#page(t, line, 'records', `/records/${id}`, random.lognormal(15e3, 0.6), 1)
    }
  }

  /** Tiles of slides, row by row, by a script of the page. */
  #viewer(at: number, line: Line, pages: number): void {
    const random = this.#random
    let t = at
    for (let i = 0; i < Math.ceil(pages / 3); i++) {
      const slide = this.#object('slide')
      t = this.#page(t, line, 'viewer', `/viewer${slide}`, 20e3)
      const tiles = Math.min(1500, Math.round(random.lognormal(60, 1)))
      const first = random.integer(5000)
      for (let k = 0; k < tiles; k++) {
        t += random.exponential(120)
        this.#emit(t, line, 'viewer', `/viewer${slide}/tile/${first + k}.jpeg`, random.lognormal(30e3, 0.5), {
          fetchDest: 'image'
        })
      }
    }
  }

  /** Kernels over sockets, polls of the open tab for hours, and plots. */
  #notebook(at: number, line: Line, pages: number): void {
    const random = this.#random
    const me = `/user/${this.#person.account}`
    let t = this.#page(at, line, 'notebooks', `${me}/lab`, 200e3, 6)
    const kernel = Array.from({ length: 4 }, () => random.integer(65536).toString(16)).join('-')
    const hours = random.lognormal(2, 0.8)
    const end = at + Math.min(16, hours) * hourMs
    this.#emit(t, line, 'notebooks', `${me}/api/kernels/${kernel}/channels`, 0, { fetchDest: 'websocket', status: 101 })
    for (let poll = t; poll < end; poll += 300_000) {
      this.#emit(poll, line, 'notebooks', `${me}/api/sessions`, 800)
      this.#emit(
        poll + 1000,
        line,
        'notebooks',
        `${me}/api/kernels/${kernel}/channels`,
        random.lognormal(100e3 * this.#person.volume, 1.8),
        { fetchDest: 'websocket', status: null, isFirst: false }
      )
    }
    for (let i = 0; i < pages; i++) {
      t += random.exponential(200_000)
      this.#emit(t, line, 'notebooks', `${me}/files${this.#object('plot')}.png`, random.lognormal(150e3, 0.8), {
        fetchDest: 'image'
      })
    }
  }

  #instrument(at: number, line: Line, pages: number): void {
    const random = this.#random
    const person = this.#person
    let t = this.#page(at, line, 'instruments', `/instruments/i${person.group}/queue`, 30e3)
    const frames = Math.min(2000, Math.round(random.lognormal(40, 1.2)))
    const run = `${this.#day}-${random.integer(20)}`
    // The instrument's computer sends frame after frame, with the session of the person who started it.
    const upload = random.chance(0.5)
    for (let k = 0; k < frames && upload; k++) {
      t += random.between(900, 1100)
      this.#emit(t, line, 'instruments', `/instruments/i${person.group}/upload/${run}/${k}`, 300, {
        method: 'PUT',
        fetchDest: undefined,
        userAgent: 'AcquireSoft/4.2',
        session: `${line.session}/instrument`
      })
    }
    for (let i = 0; i < pages; i++) {
      t = this.#page(t, line, 'instruments', `/instruments/i${person.group}/results/${run}/${i}`, 20e3, 2)
      if (random.chance(0.4))
        this.#emit(
          t,
          line,
          'instruments',
          `/instruments/i${person.group}/results/${run}/${i}.raw`,
          random.lognormal(20e6 * person.size * person.volume, 1.4),
          { fetchDest: 'document' }
        )
    }
  }

  #files(at: number, line: Line, pages: number): void {
    const random = this.#random
    const person = this.#person
    let t = at
    for (let i = 0; i < pages; i++) {
      const path = this.#object('file')
      t = this.#page(t, line, 'files', path.slice(0, path.lastIndexOf('/') + 1), 30e3, 2)
      if (random.chance(0.6))
        this.#emit(t, line, 'files', path, Math.min(8e9, random.lognormal(1.5e6 * person.size * person.volume, 2)), {
          fetchDest: random.pick(['document', 'empty', 'image'])
        })
    }
  }

  /** A client that keeps a folder in step: it asks evenly, and fetches what others have changed. */
  #sync(at: number, line: Line, pages: number): void {
    const random = this.#random
    const sync = {
      ...line,
      userAgent: 'Mozilla/5.0 (Linux) mirall/3.15',
      session: `${this.#person.account}/sync`,
      sessionStartedAt: 0
    }
    let t = at
    for (let i = 0; i < 40; i++) {
      t += 30_000 + random.exponential(300)
      this.#emit(t, sync, 'files', '/remote.php/dav/files/', 900, {
        method: 'PROPFIND',
        fetchDest: undefined
      })
    }
    const changed = Math.min(3000, Math.round(pages * random.lognormal(3, 1)))
    for (let i = 0; i < changed; i++) {
      t += random.exponential(300)
      this.#emit(
        t,
        sync,
        'files',
        `/remote.php/dav${this.#object('file')}`,
        Math.min(8e9, random.lognormal(0.8e6 * this.#person.size * this.#person.volume, 2)),
        { fetchDest: undefined }
      )
    }
  }

  #phone(): void {
    const random = this.#random
    const person = this.#person
    const network = random.chance(0.5) ? person.home : networkIn(random, person.home.country)
    const line = {
      network,
      userAgent: person.phone as string,
      session: `${person.account}/phone/${Math.floor(this.#day / 14)}`,
      sessionStartedAt: this.#start - (this.#day % 14) * dayMs
    }
    this.#wiki(this.#hour(6, 21), line, 1 + random.integer(3))
  }

  /** What is out of the ordinary and honest. */
  #odd(line: Line): void {
    const random = this.#random
    const person = this.#person
    // A laptop that moves: the session goes on elsewhere.
    if (random.chance(0.03))
      this.#visit(
        this.#hour(person.end, person.end + 2),
        { ...line, network: random.chance(0.6) ? person.home : networkIn(random, person.home.country) },
        0.5
      )
    // A page that asks for things that are gone.
    if (random.chance(0.01)) {
      let t = this.#hour(person.begin, person.end)
      for (let i = Math.min(2000, random.lognormal(80, 1.3)); i > 0; i--) {
        t += random.exponential(400)
        this.#emit(t, line, 'wiki', `/wiki/page/missing-${random.integer(50)}.png`, 200, {
          status: 404,
          fetchDest: 'image'
        })
      }
    }
    // Curiosity: the work of others.
    if (random.chance(0.05)) {
      let t = this.#hour(person.begin, person.end)
      const project = random.integer(projectCount)
      for (let i = random.poisson(6); i > 0; i--) {
        const path = `/projects/p${project}/run${random.integer(6)}/${random.integer(400)}.tif`
        t = this.#page(t, line, 'files', path, random.lognormal(1e6, 1.5), 2)
      }
    }
    const isMover = person.habit === 'mover'
    if (random.chance(isMover ? 0.2 : 0.005)) this.#haul(line, isMover)
  }

  /** A dataset that is fetched whole: mostly one's own, at times that of another group; with a program, or by hand as a few archives. */
  #haul(line: Line, isMover: boolean): void {
    const random = this.#random
    const person = this.#person
    const project = random.chance(0.75) ? random.pick(person.projects) : random.integer(projectCount)
    const total = Math.min(600e9, random.lognormal(isMover ? 25e9 : 6e9, 1.1))
    const isProgram = random.chance(isMover ? 0.85 : 0.4)
    const count = isProgram ? Math.min(6000, Math.round(random.lognormal(500, 1.2))) : 1 + random.integer(20)
    const rate = random.between(10e6, 80e6)
    let t = this.#hour(person.begin, person.end)
    const run = 100 + random.integer(40)
    const first = random.integer(1000)
    for (let i = 0; i < count; i++) {
      const bytes = (total / count) * random.lognormal(1, 0.3)
      t += (bytes / rate) * 1000 + random.exponential(isProgram ? 100 : 60_000)
      if (t > this.#start + 1.5 * dayMs) break
      this.#emit(
        t,
        line,
        'files',
        `/projects/p${project}/run${run}/${first + i}.${isProgram ? 'tif' : 'zip'}`,
        bytes,
        isProgram
          ? { fetchDest: undefined, userAgent: 'rclone/v1.70', session: `${person.account}/rclone` }
          : { fetchDest: 'document' }
      )
    }
  }

  /** Something of their projects: mostly what they have had before, or the next of a run. */
  #object(kind: string): string {
    const random = this.#random
    const { recent, projects, progress } = this.#person
    if (recent.length > 0 && random.chance(0.6))
      return recent[Math.max(0, recent.length - Math.floor(random.pareto(0.9, recent.length + 1)))] as string
    const run = `/projects/p${random.pick(projects)}/run${Math.floor(random.pareto(1.2, 8))}`
    const next = (progress.get(run) ?? random.integer(2000)) + (random.chance(0.8) ? 1 : random.integer(50))
    progress.set(run, next)
    const path = `${run}/${kind}${next}.tif`
    recent.push(path)
    if (recent.length > 300) recent.shift()
    return path
  }
}
