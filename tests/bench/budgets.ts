/** The budgets: the time to the first answer, memory at rest, the weight of a portal page. */
import { Person } from '../fixtures/in-process/person.ts'
import { type Gate, prepareGate } from '../fixtures/process/gate.ts'
import { memory } from './processes.ts'
import type { Bench, Found } from './report.ts'

const apps = [{ id: 'app', title: 'App', url: 'http://app.localhost:HOST', upstream: 'http://127.0.0.1:9' }]

/** From the start of the process to a whole answer on its main port, in seconds; the best of several, which is what the code costs. */
async function startUp(gate: Gate, starts: number): Promise<number> {
  let best = Number.POSITIVE_INFINITY
  for (let i = 0; i < starts; i++) {
    const before = performance.now()
    await gate.start()
    await new Person(gate.port).request('GET', `${gate.portal}/.factorgate/login`)
    best = Math.min(best, performance.now() - before)
    if (i < starts - 1) await gate.stop()
  }
  return best / 1000
}

/** Bytes of a page and all that it loads. */
async function weightOf(person: Person, url: string): Promise<number> {
  const page = await person.open(url)
  if (page.status !== 200) throw new Error(`${url} answered ${page.status}`)
  const parts = [...page.body.matchAll(/<(?:link|script|img|source)\b[^>]*\s(?:href|src)="([^"]+)"/g)].map(
    match => match[1]!
  )
  let bytes = Buffer.byteLength(page.body)
  for (const part of new Set(parts)) {
    if (part.startsWith('data:')) continue
    const loaded = await person.request('GET', new URL(part.replaceAll('&amp;', '&'), page.url).href)
    if (loaded.status !== 200) throw new Error(`${part} answered ${loaded.status}`)
    bytes += Buffer.byteLength(loaded.body)
  }
  return bytes
}

export async function budgets({ end, isQuick }: Bench): Promise<Found> {
  const restMs = isQuick ? 1_000 : 3_000
  const starts = isQuick ? 2 : 5
  const gate = await prepareGate(end, { apps })
  const seconds = await startUp(gate, starts)
  await new Promise(resolve => setTimeout(resolve, restMs))
  const rest = memory(gate.pid)

  const person = new Person(gate.port)
  const pages = [await weightOf(person, `${gate.portal}/.factorgate/login`)]
  const invitation = await gate.invite('bench')
  pages.push(await weightOf(person, invitation))
  await person.accept(invitation, 'a bench of good oak')
  for (const path of ['', 'account', 'enrol', 'enrol/totp'])
    pages.push(await weightOf(person, `${gate.portal}/.factorgate/${path}`))
  await gate.stop()
  return {
    title: 'Budgets',
    text: `Start: the best of ${starts}. Memory: ${restMs / 1000} s after the first answer. Pages: the heaviest of ${pages.length}, uncompressed, style and script included.`,
    bars: [
      { what: 'Start to first answer', value: seconds, limit: 1.5, better: 'less', unit: 's' },
      { what: 'Memory at rest', value: rest?.now ?? null, limit: 120, better: 'less', unit: 'MB', isCounted: true },
      {
        what: 'Heaviest portal page',
        value: Math.max(...pages) / 1000,
        limit: 60,
        better: 'less',
        unit: 'kB',
        isCounted: true
      }
    ]
  }
}
