/** What a person does in one app during one visit: pages with their parts, downloads, uploads, edits, sockets and programs. */
import { inLanguage, program } from './clients.ts'
import { type AppName, type Event, type Events, hourMs, type Line } from './events.ts'
import type { Person } from './institute.ts'
import type { Random } from './random.ts'

export class Visits {
  readonly #person: Person
  readonly #random: Random
  readonly #day: number
  readonly #events: Events
  #isLed = false

  constructor(person: Person, day: number, events: Events) {
    this.#person = person
    this.#random = person.random
    this.#day = day
    this.#events = events
  }

  /** A page of another site has the link to the next page that is opened. */
  comeFromElsewhere(): void {
    this.#isLed = true
  }

  #emit(at: number, line: Line, app: AppName, path: string, bytes: number, more: Partial<Event> = {}): void {
    this.#events.emit(at, line, app, path, bytes, more)
  }

  #write(at: number, line: Line, app: AppName, method: string, path: string, bytesIn: number): void {
    this.#emit(at, line, app, path, 300, { method, bytesIn: Math.round(bytesIn) })
  }

  /** The parts of a page, of which most are cached. Returns when the next page is opened. */
  page(at: number, line: Line, app: AppName, path: string, bytes: number, parts = 4): number {
    const random = this.#random
    this.#emit(at, line, app, path, bytes, { fetchDest: 'document', leads: this.#isLed })
    this.#isLed = false
    let t = at
    for (let i = random.poisson(parts); i > 0; i--) {
      t += random.exponential(60)
      this.#emit(t, line, app, `/static/${app}-${random.integer(12)}.js`, random.lognormal(20e3, 1), {
        fetchDest: random.pick(['script', 'style', 'image'])
      })
    }
    return t + random.lognormal(12_000, 1.2)
  }

  wiki(at: number, line: Line, pages: number): void {
    const random = this.#random
    let t = at
    for (let i = 0; i < pages; i++) {
      const path = `/wiki/page/${Math.floor(random.pareto(0.8, 4000))}-title`
      t = this.page(t, line, 'wiki', path, random.lognormal(25e3, 0.8))
      if (random.chance(0.12)) this.#write(t, line, 'wiki', 'POST', `${path}/save`, random.lognormal(8e3, 1))
    }
  }

  records(at: number, line: Line, pages: number): void {
    const random = this.#random
    let t = at
    let id = 10_000 + random.integer(20_000)
    for (let i = 0; i < pages * 2; i++) {
      // Lists are read page by page, and records often one after the other.
      if (random.chance(0.2)) t = this.page(t, line, 'records', `/records?page=${i}`, random.lognormal(40e3, 0.5), 2)
      id = random.chance(0.5) ? id + 1 : 10_000 + random.integer(20_000)
      t = this.page(t, line, 'records', `/records/${id}`, random.lognormal(15e3, 0.6), 1)
      if (random.chance(this.#person.habit === 'secretary' ? 0.4 : 0.1))
        this.#write(t, line, 'records', random.chance(0.5) ? 'POST' : 'PATCH', `/records/${id}`, 2000)
    }
  }

  /** Tiles of slides, row by row, by a script of the page. Its search asks by POST. */
  viewer(at: number, line: Line, pages: number): void {
    const random = this.#random
    let t = at
    for (let i = 0; i < Math.ceil(pages / 3); i++) {
      for (let k = random.poisson(3); k > 0; k--) this.#write(t, line, 'viewer', 'POST', '/viewer/api/search', 200)
      const slide = this.#object('slide')
      t = this.page(t, line, 'viewer', `/viewer${slide}`, 20e3)
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

  /** Kernels over sockets, polls of the open tab for hours in the language of the app, saved notebooks, and plots. */
  notebook(at: number, line: Line, pages: number): void {
    const random = this.#random
    const me = `/user/${this.#person.account}`
    const script = { ...line, client: inLanguage(line.client, 'en') }
    let t = this.page(at, line, 'notebooks', `${me}/lab`, 200e3, 6)
    const kernel = Array.from({ length: 4 }, () => random.integer(65536).toString(16)).join('-')
    const end = at + Math.min(16, random.lognormal(2, 0.8)) * hourMs
    // Browsers send no Fetch Metadata here.
    const socket = { fetchDest: undefined, isSocket: true, status: 101, exchange: {}, isLast: false }
    const path = `${me}/api/kernels/${kernel}/channels`
    this.#emit(t, line, 'notebooks', path, 0, socket)
    let poll = t
    for (; poll < end; poll += 300_000) {
      this.#emit(poll, script, 'notebooks', `${me}/api/sessions`, 800)
      const bytes = random.lognormal(100e3 * this.#person.volume, 1.8)
      this.#emit(poll + 1000, line, 'notebooks', path, bytes, { ...socket, isFirst: false })
      if (random.chance(0.5))
        this.#write(
          poll + 2000,
          script,
          'notebooks',
          'PUT',
          `${me}/api/contents/work.ipynb`,
          random.lognormal(200e3, 1)
        )
    }
    this.#emit(poll + 1000, line, 'notebooks', path, 0, { ...socket, isFirst: false, isLast: true })
    for (let i = 0; i < pages; i++) {
      t += random.exponential(200_000)
      this.#emit(t, line, 'notebooks', `${me}/files${this.#object('plot')}.png`, random.lognormal(150e3, 0.8), {
        fetchDest: 'image'
      })
    }
  }

  instrument(at: number, line: Line, pages: number): void {
    const random = this.#random
    const person = this.#person
    const home = `/instruments/i${person.group}`
    let t = this.page(at, line, 'instruments', `${home}/queue`, 30e3)
    const frames = Math.min(2000, Math.round(random.lognormal(40, 1.2)))
    const run = `${this.#day}-${random.integer(20)}`
    // The instrument's computer sends frame after frame, with the session of the person who started it.
    const upload = random.chance(0.5)
    const computer = { ...line, client: program('AcquireSoft/4.2'), session: `${line.session}/instrument` }
    for (let k = 0; k < frames && upload; k++) {
      t += random.between(900, 1100)
      this.#emit(t, computer, 'instruments', `${home}/upload/${run}/${k}`, 300, {
        method: 'PUT',
        fetchDest: undefined,
        bytesIn: 4e6
      })
    }
    for (let i = 0; i < pages; i++) {
      t = this.page(t, line, 'instruments', `${home}/results/${run}/${i}`, 20e3, 2)
      if (random.chance(0.4))
        t = this.#download(t, line, 'instruments', `${home}/results/${run}/${i}.raw`, 20e6 * person.size, 1.4)
    }
  }

  files(at: number, line: Line, pages: number): void {
    const random = this.#random
    const person = this.#person
    let t = at
    for (let i = 0; i < pages; i++) {
      const path = this.#object('file')
      t = this.page(t, line, 'files', path.slice(0, path.lastIndexOf('/') + 1), 30e3, 2)
      if (random.chance(0.6)) t = this.#download(t, line, 'files', path, 1.5e6 * person.size, 2)
    }
    // A document in an editor saves itself.
    if (random.chance(0.25))
      for (let i = 1 + random.poisson(10); i > 0; i--) {
        t += random.exponential(60_000)
        this.#write(t, line, 'files', 'PUT', this.#object('file'), random.lognormal(300e3, 1.2))
      }
    if (random.chance(0.03))
      for (let i = 1 + random.poisson(4); i > 0; i--) {
        t += random.exponential(5000)
        this.#write(t, line, 'files', random.pick(['DELETE', 'MOVE']), this.#object('file'), 0)
      }
  }

  #download(at: number, line: Line, app: AppName, path: string, median: number, sigma: number): number {
    const random = this.#random
    const bytes = Math.min(8e9, random.lognormal(median * this.#person.volume, sigma))
    const fetchDest = random.pick(['document', 'empty', 'image'])
    return this.#events.transfer(at, line, app, path, bytes, random.between(10e6, 80e6), { fetchDest })
  }

  /** A client that keeps a folder in step: it asks evenly, fetches what others have changed, and sends what was changed here. */
  sync(at: number, line: Line, pages: number): void {
    const random = this.#random
    const sync = {
      ...line,
      client: program('Mozilla/5.0 (Linux) mirall/3.15'),
      session: `${this.#person.account}/sync`,
      sessionStartedAt: 0,
      signedInWith: null
    }
    let t = at
    const ask = (method: string, path: string, bytes: number, bytesIn = 0) =>
      this.#emit(t, sync, 'files', `/remote.php/dav${path}`, bytes, {
        method,
        bytesIn: Math.round(bytesIn),
        fetchDest: undefined
      })
    for (let i = 0; i < 40; i++) {
      t += 30_000 + random.exponential(300)
      ask('PROPFIND', '/files/', 900)
    }
    for (let i = Math.min(3000, Math.round(pages * random.lognormal(3, 1))); i > 0; i--) {
      t += random.exponential(300)
      ask(
        'GET',
        this.#object('file'),
        Math.min(8e9, random.lognormal(0.8e6 * this.#person.size * this.#person.volume, 2))
      )
    }
    for (let i = Math.min(2000, Math.floor(random.lognormal(4, 1.4))); i > 0; i--) {
      t += random.exponential(300)
      ask(random.chance(0.1) ? 'MKCOL' : 'PUT', this.#object('file'), 200, random.lognormal(300e3, 1.5))
    }
    for (let i = Math.min(2000, Math.floor(random.lognormal(0.7, 1.4))); i > 0; i--) {
      t += random.exponential(300)
      ask(random.pick(['DELETE', 'MOVE']), this.#object('file'), 200)
    }
  }

  /** A program with the cookie of the browser fetches what its owner needs. */
  script(at: number, line: Line): void {
    const random = this.#random
    const own = { ...line, client: program('python-requests/2.32') }
    let t = at
    for (let i = Math.min(1000, Math.round(random.lognormal(60, 1))); i > 0; i--) {
      t += random.exponential(400)
      this.#emit(t, own, 'files', this.#object('file'), random.lognormal(1e6 * this.#person.size, 1.5), {
        fetchDest: undefined
      })
    }
  }

  /** A folder is emptied. */
  tidyUp(at: number, line: Line): void {
    const random = this.#random
    let t = at
    for (let i = Math.min(3000, Math.round(random.lognormal(50, 1.2))); i > 0; i--) {
      t += random.exponential(400)
      this.#write(t, line, 'files', 'DELETE', this.#object('file'), 0)
    }
  }

  /** A long list is filled in by hand, or by the script of a page. */
  fillIn(at: number, line: Line): void {
    const random = this.#random
    let t = at
    for (let i = Math.min(2000, Math.round(random.lognormal(120, 1))); i > 0; i--) {
      t += random.exponential(3000)
      this.#write(t, line, 'records', 'POST', `/records/${10_000 + random.integer(20_000)}`, 1500)
    }
  }

  sendResults(at: number, line: Line, folder: string): void {
    const random = this.#random
    let t = at
    const count = Math.min(4000, Math.round(random.lognormal(150, 1.2)))
    for (let i = 0; i < count; i++) {
      t += random.exponential(500)
      this.#emit(t, line, 'files', `${folder}/${i}.tif`, 200, { method: 'PUT', fetchDest: undefined, bytesIn: 10e6 })
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
