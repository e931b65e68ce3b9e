/** The requests of one person on one day: when they work, from where and with what, what they visit, and what goes wrong. */
import { browserIn, languageOf, program, updated } from './clients.ts'
import { type AppName, dayMs, type Event, Events, hourMs, type Line } from './events.ts'
import { type Network, networkIn } from './geography.ts'
import { type Habit, type Person, projectCount } from './institute.ts'
import type { Random } from './random.ts'
import { Visits } from './visits.ts'

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

/** The end of summer time: people come an hour later by UTC. */
const winterFrom = Date.UTC(2026, 9, 25)

/** So many visits begin with a link on a page of another site: a mail, a chat, a search. */
const ledShare = 0.1

export class Day {
  readonly #events: Events
  readonly #visits: Visits
  readonly #person: Person
  readonly #random: Random
  readonly #start: number
  readonly #day: number

  constructor(person: Person, day: number, start: number) {
    this.#person = person
    this.#random = person.random
    this.#day = day
    this.#start = start
    this.#events = new Events(person)
    this.#visits = new Visits(person, day, this.#events)
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
    const shift = (trip === null ? 0 : random.between(-8, 8)) + (this.#start >= winterFrom ? 1 : 0)
    // Busy days and quiet ones, and now and then a day before a deadline.
    const pace = person.activity * random.lognormal(1, 0.5) * (random.chance(0.04) ? random.pareto(1.2, 20) : 1)
    const line = this.#line(trip?.network ?? (random.chance(isWeekend ? 0.1 : 0.75) ? person.office : person.home), 0)
    const visits = Math.max(1, random.poisson(Math.min(12, 3.5 * pace)))
    for (let i = 0; i < visits; i++)
      this.#visit(
        this.#hour(person.begin + shift, person.end + shift),
        random.chance(0.15) ? this.#otherBrowser(line) : line,
        Math.max(0.3, pace / 2)
      )
    if (random.chance(person.worksEvenings))
      this.#visit(this.#hour(person.end + 1, person.end + 5), this.#line(trip?.network ?? person.home, 1), 0.7)
    if (person.phone !== null && random.chance(0.4)) this.#phone()
    this.#odd(line)
    return this.#events.all.sort((one, other) => one.at - other.at)
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
    // A new laptop, or another browser.
    if (random.chance(0.002)) person.browser = browserIn(random, person.language)
    if (random.chance(0.001)) {
      person.language = languageOf(random)
      person.browser = updated(person.browser, person.language) ?? person.browser
    }
    // A provider gives a new address.
    if (random.chance(0.02)) person.home = networkIn(random, person.home.country)
    if (this.#day % 28 === 0) person.browser = updated(person.browser, person.language) ?? person.browser
  }

  #line(network: Network, number: number): Line {
    const person = this.#person
    const from = this.#start + hourMs * Math.max(0, person.begin - 0.2)
    return {
      network,
      client: person.browser,
      signedInWith: { userAgent: person.browser.userAgent, address: network.v4 },
      session: `${person.account}/${this.#day}/${number}`,
      sessionStartedAt: number === 0 ? from : from + 8 * hourMs
    }
  }

  #otherBrowser(line: Line): Line {
    const { second } = this.#person
    return second === null
      ? line
      : {
          ...line,
          client: second,
          session: `${line.session}/second`,
          signedInWith: { userAgent: second.userAgent, address: line.network.v4 }
        }
  }

  #visit(at: number, line: Line, pace: number): void {
    const random = this.#random
    const visits = this.#visits
    const pages = Math.max(1, Math.round(random.lognormal(6, 0.8) * pace))
    if (random.chance(ledShare)) visits.comeFromElsewhere()
    const app = random.weighted(appsOf[this.#person.habit] as Record<AppName, number>)
    if (app === 'wiki') visits.wiki(at, line, pages)
    else if (app === 'records') visits.records(at, line, pages)
    else if (app === 'viewer') visits.viewer(at, line, pages)
    else if (app === 'notebooks') visits.notebook(at, line, pages)
    else if (app === 'instruments') visits.instrument(at, line, pages)
    else if (this.#person.habit === 'syncer') visits.sync(at, line, pages)
    else visits.files(at, line, pages)
  }

  #phone(): void {
    const random = this.#random
    const person = this.#person
    const network = random.chance(0.5) ? person.home : networkIn(random, person.home.country)
    const line = {
      network,
      client: person.phone!,
      signedInWith: { userAgent: person.phone!.userAgent, address: network.v4 },
      session: `${person.account}/phone/${Math.floor(this.#day / 14)}`,
      sessionStartedAt: this.#start - (this.#day % 14) * dayMs
    }
    this.#visits.wiki(this.#hour(person.begin - 1.5, person.begin + 13.5), line, 1 + random.integer(3))
  }

  /** What is out of the ordinary and honest. */
  #odd(line: Line): void {
    const random = this.#random
    const person = this.#person
    const atWork = () => this.#hour(person.begin, person.end)
    // A laptop that moves: the session goes on elsewhere.
    if (random.chance(0.03)) {
      const network = random.chance(0.6) ? person.home : networkIn(random, person.home.country)
      this.#visit(this.#hour(person.end, person.end + 2), { ...line, network }, 0.5)
    }
    // A page that asks for things that are gone.
    if (random.chance(0.01)) {
      let t = atWork()
      for (let i = Math.min(2000, random.lognormal(80, 1.3)); i > 0; i--) {
        t += random.exponential(400)
        const path = `/wiki/page/missing-${random.integer(50)}.png`
        this.#events.emit(t, line, 'wiki', path, 200, { status: 404, fetchDest: 'image' })
      }
    }
    // Curiosity: the work of others.
    if (random.chance(0.05)) {
      let t = atWork()
      const project = random.integer(projectCount)
      for (let i = random.poisson(6); i > 0; i--) {
        const path = `/projects/p${project}/run${random.integer(6)}/${random.integer(400)}.tif`
        t = this.#visits.page(t, line, 'files', path, random.lognormal(1e6, 1.5), 2)
      }
    }
    if (random.chance(0.01)) this.#visits.tidyUp(atWork(), line)
    if (random.chance(0.004)) this.#visits.fillIn(atWork(), line)
    if (person.isScripter && random.chance(0.1)) this.#visits.script(atWork(), line)
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
    const puller = isProgram
      ? {
          ...line,
          client: program('rclone/v1.70'),
          session: `${person.account}/rclone`,
          sessionStartedAt: 0,
          signedInWith: null
        }
      : line
    for (let i = 0; i < count; i++) {
      const bytes = (total / count) * random.lognormal(1, 0.3)
      const path = `/projects/p${project}/run${run}/${first + i}.${isProgram ? 'tif' : 'zip'}`
      const fetchDest = isProgram ? undefined : 'document'
      t = this.#events.transfer(t, puller, 'files', path, bytes, rate, { fetchDest })
      t += random.exponential(isProgram ? 100 : 60_000)
      if (t > this.#start + 1.5 * dayMs) break
    }
    // Some send back what they have made of it.
    if (isProgram && random.chance(0.2)) this.#visits.sendResults(t, puller, `/projects/p${project}/results${run}`)
  }
}
