/** A simulated institute: groups, projects, networks, clients, and people with their habits. Nothing here knows how the watch works. */
import { browserIn, type Client, languageOf, phone } from './clients.ts'
import { farCountries, type Network, networkIn } from './geography.ts'
import { Random } from './random.ts'

const habits = {
  reader: 0.2,
  analyst: 0.18,
  instrument: 0.12,
  microscopist: 0.08,
  mover: 0.08,
  secretary: 0.1,
  traveller: 0.08,
  syncer: 0.08,
  shift: 0.04,
  newcomer: 0.04
} as const
export type Habit = keyof typeof habits

export interface Person {
  readonly index: number
  readonly account: string
  readonly group: number
  readonly habit: Habit
  readonly random: Random
  /** The days on which the person is away, and the one on which they begin. */
  readonly away: ReadonlySet<number>
  readonly startDay: number
  readonly trips: readonly { readonly from: number; readonly to: number; readonly network: Network }[]
  /** Hours, UTC. */
  readonly begin: number
  readonly end: number
  readonly worksEvenings: number
  readonly worksWeekends: number
  readonly activity: number
  readonly size: number
  readonly office: Network
  home: Network
  /** What their browsers ask for texts in. */
  language: string
  browser: Client
  /** A second browser on the same machine. */
  readonly second: Client | null
  readonly phone: Client | null
  readonly isDualStack: boolean
  /** Now and then they give the cookie of their browser to a program of theirs. */
  readonly isScripter: boolean
  projects: number[]
  readonly changes: { readonly day: number; readonly project: number; readonly factor: number } | null
  volume: number
  /** What they have opened lately, by path. */
  readonly recent: string[]
  /** How far they have got in each run of a project. */
  readonly progress: Map<string, number>
}

const groupCount = 14
export const projectCount = 70
const offices = 6

export interface Institute {
  readonly people: readonly Person[]
  /** The projects of each group. */
  readonly projectsOf: readonly (readonly number[])[]
  readonly random: Random
}

/** Colleagues abroad: so many, and the hours by which their day begins later than here, or earlier. */
const abroadShare = 0.1
const timeZones = [5, 8, -5.5, -9]

const homeCountries = ['DE', 'DE', 'DE', 'DE', 'DE', 'DE', 'FR', 'CH']

export function makeInstitute(seed: number, personCount: number, days: number): Institute {
  const random = new Random(seed)
  const projectsOf = Array.from({ length: groupCount }, () =>
    Array.from({ length: 3 + random.integer(5) }, () => random.integer(projectCount))
  )
  const officeNetworks = Array.from({ length: offices }, () => networkIn(random, 'DE'))
  const people = Array.from({ length: personCount }, (_, index) => {
    const own = random.fork(index + 1)
    return makePerson(index, own, days, projectsOf, officeNetworks)
  })
  return { people, projectsOf, random: random.fork(0x7ef) }
}

function makePerson(
  index: number,
  random: Random,
  days: number,
  projectsOf: readonly (readonly number[])[],
  officeNetworks: readonly Network[]
): Person {
  const habit = random.weighted(habits)
  const group = random.integer(groupCount)
  const own = projectsOf[group] as readonly number[]
  const isShift = habit === 'shift'
  const here = isShift ? random.pick([4, 13, 20]) : 7.5 + 1.1 * random.normal()
  const elsewhere = random.fork(17)
  const abroad = elsewhere.chance(abroadShare) ? networkIn(elsewhere, elsewhere.pick(farCountries)) : null
  // By UTC, the day of some begins on the evening before, and goes on after midnight.
  const begin = abroad === null ? here : (here + elsewhere.pick(timeZones) + 24) % 24
  const language = languageOf(random)
  return {
    index,
    account: `person-${index}`,
    group,
    habit,
    random,
    away: holidays(random, days),
    startDay: habit === 'newcomer' ? 7 + random.integer(28) : 0,
    trips: trips(random, days, habit),
    begin,
    end: begin + (isShift ? 8 : 8.5 + random.normal()),
    worksEvenings: random.chance(0.3) ? random.between(0.05, 0.6) : 0.01,
    worksWeekends: isShift ? 0.7 : random.chance(0.25) ? random.between(0.1, 0.6) : 0.03,
    activity: random.lognormal(1, 0.5),
    size: random.lognormal(1, 0.7),
    office: abroad ?? random.pick(officeNetworks),
    home: abroad === null ? networkIn(random, random.pick(homeCountries)) : networkIn(elsewhere, abroad.country),
    language,
    browser: browserIn(random, language),
    second: random.chance(0.25) ? browserIn(random, language) : null,
    phone: random.chance(0.4) ? phone(language) : null,
    isDualStack: random.chance(0.3),
    isScripter: random.fork(11).chance(0.03),
    projects: [
      ...new Set([random.pick(own), random.pick(own), ...(random.chance(0.2) ? [random.integer(projectCount)] : [])])
    ],
    changes: random.chance(0.2)
      ? {
          day: random.integer(days),
          project: random.chance(0.7) ? random.pick(own) : random.integer(projectCount),
          factor: random.lognormal(1, 0.7)
        }
      : null,
    volume: 1,
    recent: [],
    progress: new Map()
  }
}

function holidays(random: Random, days: number): Set<number> {
  const away = new Set<number>()
  if (random.chance(0.4)) {
    const from = random.integer(days)
    const length = 3 + random.integer(14)
    for (let day = from; day < from + length; day++) away.add(day)
  }
  for (let day = 0; day < days; day++) if (random.chance(0.02)) away.add(day)
  return away
}

function trips(random: Random, days: number, habit: Habit): Person['trips'] {
  const count = habit === 'traveller' ? 1 + random.integer(3) : random.chance(0.08) ? 1 : 0
  return Array.from({ length: count }, () => {
    const from = random.integer(days)
    return { from, to: from + 2 + random.integer(5), network: networkIn(random, random.pick(farCountries)) }
  })
}
