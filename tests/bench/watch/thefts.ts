/** Planted thefts of five kinds, each with chance in its size, pace, client and hours. */
import {
  farCountries,
  type Institute,
  type Network,
  networkIn,
  type Person,
  projectCount,
  userAgent
} from './institute.ts'
import type { Random } from './random.ts'
import { type Event, hourMs } from './visits.ts'

export const theftKinds = ['bulk', 'drip', 'stolen', 'enumeration', 'insider'] as const
export type TheftKind = (typeof theftKinds)[number]

export interface Theft {
  readonly id: number
  readonly kind: TheftKind
  readonly person: Person
  readonly random: Random
  readonly startDay: number
  /** The last day. */
  readonly endDay: number
  /** True if whoever steals holds the person's second factor, and shows it whenever the gate asks. */
  readonly canAnswer: boolean
  /** True if it goes on in a session of the owner, whose proof then lets the thief go on too. */
  readonly isShared: boolean
  /** Bytes that they are after. */
  readonly target: number
  readonly fileCount: number
  readonly client: { readonly userAgent: string; readonly fetchDest: string | undefined }
  readonly network: Network
  readonly hour: number
  readonly areas: readonly string[]
  /** Files of earlier days. */
  done: number
}

/** Chosen among people who are there when it happens. */
export function plant(institute: Institute, each: number, days: number, learnDays: number): Theft[] {
  const random = institute.random.fork(4)
  const taken = new Set<Person>()
  const thefts: Theft[] = []
  for (const kind of theftKinds)
    for (let i = 0; i < each; i++) {
      const own = random.fork(thefts.length + 1)
      const length = kind === 'drip' ? 14 : kind === 'insider' ? 5 : 1
      const startDay = learnDays + 1 + own.integer(days - learnDays - length - 1)
      let person = own.pick(institute.people)
      while (taken.has(person) || person.startDay > startDay - 7 || person.away.has(startDay))
        person = own.pick(institute.people)
      taken.add(person)
      thefts.push(makeTheft(thefts.length, kind, person, own, startDay, length, institute))
    }
  return thefts
}

function makeTheft(
  id: number,
  kind: TheftKind,
  person: Person,
  random: Random,
  startDay: number,
  length: number,
  institute: Institute
): Theft {
  const script = random.pick(['python-requests/2.32', 'curl/8.9', 'Wget/1.25', 'rclone/v1.70'])
  const copied = person.browser
  const another = userAgent(random, 1)
  const style = random.weighted({ script: 0.45, forged: 0.25, browser: 0.3 })
  const fetchDest = style === 'browser' ? random.pick(['empty', 'document']) : undefined
  const isAbroad = random.chance(0.6)
  const elsewhere = networkIn(random, isAbroad ? random.pick(['NG', 'RU', 'VN', 'NL', 'RO', ...farCountries]) : 'DE')
  const own = institute.projectsOf[person.group] as readonly number[]
  // Some take what is near, and most what is not theirs.
  const isNear = random.chance(0.25)
  const areas = Array.from(
    { length: 40 },
    () => `/projects/p${isNear ? random.pick(own) : random.integer(projectCount)}/run${random.integer(8)}`
  )
  const isCopied = style !== 'script'
  const common = {
    // Who steals a session goes on with it.
    isShared: kind === 'stolen' || kind === 'bulk' || (kind !== 'insider' && isCopied),
    id,
    kind,
    person,
    random,
    startDay,
    endDay: startDay + length - 1,
    areas,
    done: 0,
    client: { userAgent: style === 'script' ? script : copied, fetchDest },
    network: person.office,
    hour: person.begin + random.between(0, 9)
  }
  switch (kind) {
    case 'bulk':
      return {
        ...common,
        canAnswer: false,
        target: Math.min(4e12, random.lognormal(400e9, 0.9)),
        fileCount: Math.min(200_000, Math.round(random.lognormal(40_000, 0.8))),
        hour: random.between(0, 23)
      }
    case 'drip': {
      // Below every threshold a day, spread over working hours.
      const daily = random.between(0.8e9, 4e9)
      return {
        ...common,
        canAnswer: random.chance(0.5),
        target: daily * length,
        fileCount: Math.round(random.between(100, 800)) * length
      }
    }
    case 'stolen':
      return {
        ...common,
        canAnswer: false,
        target: random.lognormal(3e9, 1),
        fileCount: Math.round(random.lognormal(400, 0.8)),
        network: elsewhere,
        client: random.chance(0.5)
          ? { userAgent: copied, fetchDest: random.pick(['document', 'empty']) }
          : { userAgent: random.chance(0.5) ? script : another, fetchDest },
        hour: random.between(0, 23)
      }
    case 'enumeration':
      return {
        ...common,
        canAnswer: random.chance(0.4),
        target: 20e3 * 20_000,
        fileCount: Math.round(random.between(3000, 20_000))
      }
    case 'insider':
      return {
        ...common,
        canAnswer: true,
        target: Math.min(800e9, random.lognormal(60e9, 0.8)),
        fileCount: Math.round(random.lognormal(4000, 0.7)),
        hour: random.pick([22, 23, 0.5, 1, 2, 3]),
        client: { userAgent: copied, fetchDest: random.chance(0.5) ? undefined : 'empty' }
      }
  }
}

/** The events of a theft on one day, which the thief sends for as long as nothing stops them. */
export function* theftEvents(theft: Theft, day: number, start: number): Generator<Event> {
  const { random, kind, person, fileCount, target } = theft
  const length = theft.endDay - theft.startDay + 1
  const today = Math.ceil(fileCount / length)
  const perFile = target / fileCount
  const spread = kind === 'drip' ? 8 * hourMs * random.between(0.5, 1) : 0
  const { isShared } = theft
  const session = isShared ? `${person.account}/${day}/0` : `${person.account}/theft`
  const sessionStartedAt = isShared
    ? start + hourMs * Math.max(0, person.begin - 0.2)
    : start + theft.hour * hourMs - 60_000
  let t = Math.max(sessionStartedAt + 120_000, start + theft.hour * hourMs * (kind === 'drip' ? 0 : 1))
  if (kind === 'drip') t = start + hourMs * Math.max(0, person.begin + random.between(0, 1))
  const rate = random.between(15e6, 80e6)
  const pauseMs =
    kind === 'enumeration'
      ? random.lognormal(300, 1)
      : kind === 'stolen'
        ? random.lognormal(1500, 0.7)
        : kind === 'insider'
          ? random.lognormal(800, 0.7)
          : 40
  const isEven = random.chance(0.5)
  const firstId = 10_000 + random.integer(5000)
  for (let i = 0; i < today; i++) {
    const bytes = perFile * random.lognormal(1, 0.4)
    const pause = kind === 'drip' ? spread / today : pauseMs
    t += (bytes / rate) * 1000 + (isEven ? pause * random.between(0.95, 1.05) : random.exponential(pause))
    const n = theft.done++
    const path =
      kind === 'enumeration'
        ? `/records/${firstId + n}`
        : `${theft.areas[Math.floor((n / fileCount) * theft.areas.length) % theft.areas.length]}/file${n}.tif`
    // A long answer is seen every five seconds while it runs.
    for (let left = bytes, isFirst = true; left > 0; isFirst = false) {
      const part = Math.min(left, rate * 5)
      left -= part
      yield {
        at: Math.round(t),
        account: person.account,
        groups: [`lab-${person.group}`],
        session,
        sessionStartedAt,
        app: kind === 'enumeration' ? 'records' : 'files',
        method: 'GET',
        path,
        address: theft.network.v4,
        userAgent: theft.client.userAgent,
        fetchDest: theft.client.fetchDest,
        status: left > 0 ? null : kind === 'enumeration' && random.chance(0.1) ? 404 : 200,
        bytes: Math.round(part),
        isFirst,
        theft: theft.id
      }
    }
  }
}
