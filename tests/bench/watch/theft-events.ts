/** The requests of a theft on one day, which the thief sends for as long as nothing stops them. */
import { type Event, groupName, hourMs } from './events.ts'
import type { Theft } from './thefts.ts'

/** The gate sees a long answer after so many bytes, or so many seconds. */
const pieceBytes = 16e6
const pieceSeconds = 5
/** Nobody who is stopped at all is stopped much later: then larger pieces do. */
const finePieces = 500

const pauses = { bulk: 40, drip: 0, stolen: 1500, enumeration: 300, insider: 800, tamper: 150 } as const

export function* theftEvents(theft: Theft, day: number, start: number): Generator<Event> {
  const { random, kind, person, fileCount, access } = theft
  const length = theft.endDay - theft.startDay + 1
  const today = Math.ceil(fileCount / length)
  // Whoever steals a session goes on with it; an insider at night signs in for it.
  const isOwnSession = kind === 'insider' || (access === 'person' && theft.style === 'script')
  const session = isOwnSession ? `${person.account}/theft/${day}` : `${person.account}/${day}/0`
  const workBegins = start + hourMs * Math.max(0, person.begin - 0.2)
  const isDrip = kind === 'drip'
  const wanted = isDrip ? workBegins + random.between(0.2, 1.2) * hourMs : start + theft.hour * hourMs
  const sessionStartedAt = isOwnSession ? wanted - 60_000 : workBegins
  let t = Math.max(sessionStartedAt + 120_000, wanted)
  const pauseMs = isDrip
    ? (8 * hourMs * random.between(0.5, 1)) / today
    : random.lognormal(pauses[kind], kind === 'bulk' ? 0.3 : 0.8)
  const isEven = random.chance(0.5)
  const firstId = 10_000 + random.integer(5000)
  const signedInWith = isOwnSession
    ? { userAgent: theft.client.userAgent, address: theft.network.v4 }
    : { userAgent: person.browser.userAgent, address: person.office.v4 }
  let pieces = 0
  const event = (more: Partial<Event>): Event => ({
    at: Math.round(t),
    account: person.account,
    groups: [groupName(person.group)],
    session,
    sessionStartedAt,
    app: 'files',
    method: 'GET',
    path: '',
    address: theft.network.v4,
    client: theft.client,
    signedInWith,
    fetchDest: theft.fetchDest,
    isSocket: false,
    leads: theft.forgesLeads,
    status: 200,
    bytes: 0,
    bytesIn: 0,
    exchange: {},
    isFirst: true,
    isLast: true,
    theft: theft.id,
    harm: 0,
    ...more
  })
  const write = (method: string, path: string, bytesIn: number, app = 'files') =>
    event({ app, method, path, bytes: 200, bytesIn: Math.round(bytesIn), harm: 1 })
  for (let i = 0; i < today && theft.done < fileCount; i++) {
    t += isEven ? pauseMs * random.between(0.95, 1.05) : random.exponential(pauseMs)
    const n = theft.done++
    const file = `${theft.areas[Math.floor((n / fileCount) * theft.areas.length)]}/file${n}.tif`
    const bytes = theft.bytesPerFile * random.lognormal(1, 0.4)
    if (theft.how === 'delete') {
      yield write('DELETE', file, 0)
      continue
    }
    if (theft.how === 'alter') {
      yield write(random.chance(0.5) ? 'POST' : 'PATCH', `/records/${firstId + n}`, 2000, 'records')
      continue
    }
    if (theft.how === 'encrypt') {
      yield event({ path: file, bytes: Math.round(bytes) })
      t += (2 * bytes * 1000) / theft.rate
      yield write('PUT', file, bytes)
      continue
    }
    const isRecord = kind === 'enumeration'
    const path = isRecord ? `/records/${firstId + n}` : file
    const app = isRecord ? 'records' : 'files'
    const exchange = {}
    for (let left = bytes, isFirst = true; left > 0; isFirst = false) {
      const most = pieces++ < finePieces ? pieceBytes : Number.POSITIVE_INFINITY
      const part = Math.min(left, theft.rate * pieceSeconds, most)
      left -= part
      t += (part / theft.rate) * 1000
      const isLast = left <= 0
      const status = isRecord && random.chance(0.1) ? 404 : 200
      yield event({ app, path, exchange, isFirst, isLast, status, bytes: Math.round(part), harm: part })
    }
  }
}
