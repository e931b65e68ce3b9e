/** Planted thefts and sabotage of six kinds, each with chance in its access, size, pace, client and hours. docs/unusual.md explains the ranges. */
import { browserIn, type Client, forged, languageOf, program } from './clients.ts'
import { farCountries, type Network, networkIn, otherCountries } from './geography.ts'
import { type Institute, type Person, projectCount } from './institute.ts'
import type { Random } from './random.ts'

export const theftKinds = ['bulk', 'drip', 'stolen', 'enumeration', 'insider', 'tamper'] as const
export type TheftKind = (typeof theftKinds)[number]

/**
 * What the thief has. `cookie`: the owner's session, on a machine of the thief's, in another network. `laptop`: a program on the owner's laptop,
 * which has the session and the network of the owner. Neither has the second factor. `person`: an insider with a session and a second factor
 * of their own, who answers every question.
 */
type Access = 'cookie' | 'laptop' | 'person'

const accessOf: Readonly<Record<TheftKind, Partial<Record<Access, number>>>> = {
  bulk: { cookie: 0.5, laptop: 0.5 },
  drip: { laptop: 0.5, person: 0.5 },
  stolen: { cookie: 1 },
  enumeration: { cookie: 0.3, laptop: 0.3, person: 0.4 },
  insider: { person: 1 },
  tamper: { cookie: 0.3, laptop: 0.4, person: 0.3 }
}

/** Script: a program under its own name. Forged: it takes the name of the owner's browser. Copied: all of its headers. Browser: a browser. */
type Style = 'script' | 'forged' | 'copied' | 'browser'

const styleOf: Readonly<Record<Access, Partial<Record<Style, number>>>> = {
  cookie: { script: 0.35, forged: 0.25, copied: 0.2, browser: 0.2 },
  laptop: { script: 0.35, forged: 0.3, copied: 0.15, browser: 0.2 },
  person: { script: 0.3, browser: 0.7 }
}

/** In days. */
const lengthOf: Readonly<Record<TheftKind, number>> = {
  bulk: 1,
  drip: 14,
  stolen: 1,
  enumeration: 1,
  insider: 5,
  tamper: 1
}

export interface Theft {
  readonly id: number
  readonly kind: TheftKind
  readonly access: Access
  readonly style: Style
  readonly person: Person
  readonly random: Random
  readonly startDay: number
  /** The last day. */
  readonly endDay: number
  /** What they are after: bytes, or objects for `tamper`. */
  readonly target: number
  readonly fileCount: number
  readonly bytesPerFile: number
  readonly client: Client
  readonly fetchDest: string | undefined
  /** True if each request says that another site has led a browser there. */
  readonly forgesLeads: boolean
  readonly network: Network
  readonly hour: number
  readonly areas: readonly string[]
  /** True where only projects of the owner's group are taken. */
  readonly isNear: boolean
  /** Bytes a second. */
  readonly rate: number
  readonly how: 'read' | 'encrypt' | 'delete' | 'alter'
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
      const length = lengthOf[kind]
      const startDay = learnDays + 1 + own.integer(days - learnDays - length - 1)
      let person = own.pick(institute.people)
      while (taken.has(person) || person.startDay > startDay - 7 || person.away.has(startDay))
        person = own.pick(institute.people)
      taken.add(person)
      thefts.push(makeTheft(thefts.length, kind, person, own, startDay, institute))
    }
  return thefts
}

function makeTheft(
  id: number,
  kind: TheftKind,
  person: Person,
  random: Random,
  startDay: number,
  institute: Institute
): Theft {
  const access = random.weighted(accessOf[kind])
  const style = random.weighted(styleOf[access])
  const own = institute.projectsOf[person.group] as readonly number[]
  // Some take what is near, and most what is not theirs.
  const isNear = random.chance(0.25)
  const forgesLeads = random.fork(13).chance(1 / 3)
  const how = kind === 'tamper' ? random.weighted({ encrypt: 0.4, delete: 0.4, alter: 0.2 }) : 'read'
  return {
    id,
    kind,
    access,
    style,
    person,
    random,
    startDay,
    endDay: startDay + lengthOf[kind] - 1,
    client: clientOf(style, access, person, random),
    fetchDest: forgesLeads ? 'document' : fetchDestOf(style, random),
    forgesLeads,
    network: networkOf(kind, access, person, random),
    hour: kind === 'insider' ? random.pick([22, 23, 0.5, 1, 2, 3]) : random.between(0, 23),
    areas: Array.from(
      { length: 40 },
      () => `/projects/p${isNear ? random.pick(own) : random.integer(projectCount)}/run${random.integer(8)}`
    ),
    rate: random.logUniform(5e6, 100e6),
    isNear,
    how,
    done: 0,
    ...sizeOf(kind, random)
  }
}

/** From what one person needs to what a group of scientists keeps on a share. */
function sizeOf(kind: TheftKind, random: Random): Pick<Theft, 'target' | 'fileCount' | 'bytesPerFile'> {
  const files = (fileCount: number, bytesPerFile: number) => ({
    target: fileCount * bytesPerFile,
    fileCount,
    bytesPerFile
  })
  switch (kind) {
    case 'bulk': {
      const target = random.logUniform(20e9, 2e12)
      const fileCount = Math.max(200, Math.min(200_000, Math.round(target / random.logUniform(1e6, 50e6))))
      return files(fileCount, target / fileCount)
    }
    case 'drip': {
      const daily = random.logUniform(0.5e9, 5e9)
      const fileCount = Math.round(random.logUniform(60, 1000)) * lengthOf.drip
      return files(fileCount, (daily * lengthOf.drip) / fileCount)
    }
    case 'stolen':
      return files(Math.max(20, Math.round(random.lognormal(400, 0.8))), random.lognormal(7e6, 0.8))
    case 'enumeration':
      return files(Math.round(random.logUniform(2000, 20_000)), 20e3)
    case 'insider': {
      const fileCount = Math.round(random.lognormal(4000, 0.7))
      return files(fileCount, random.logUniform(10e9, 400e9) / fileCount)
    }
    case 'tamper': {
      const fileCount = Math.round(random.logUniform(1000, 30_000))
      return { target: fileCount, fileCount, bytesPerFile: random.logUniform(0.2e6, 5e6) }
    }
  }
}

function clientOf(style: Style, access: Access, person: Person, random: Random): Client {
  if (style === 'script')
    return program(random.pick(['python-requests/2.32', 'curl/8.9', 'Wget/1.25', 'rclone/v1.70', 'Go-http-client/1.1']))
  if (style === 'forged') return forged(person.browser, random)
  if (style === 'browser' && access === 'cookie') return browserIn(random, languageOf(random))
  return person.browser
}

function fetchDestOf(style: Style, random: Random): string | undefined {
  if (style === 'browser') return random.pick(['document', 'empty'])
  return style === 'copied' && random.chance(0.5) ? 'empty' : undefined
}

function networkOf(kind: TheftKind, access: Access, person: Person, random: Random): Network {
  if (access === 'cookie')
    return networkIn(
      random,
      random.chance(0.6) ? random.pick([...otherCountries, ...farCountries]) : person.home.country
    )
  return kind === 'insider' && random.chance(0.5) ? person.home : person.office
}
