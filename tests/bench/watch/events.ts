/** One piece of one exchange in the simulation, and how exchanges are made of pieces. */
import type { Client } from './clients.ts'
import type { Network } from './geography.ts'
import type { Person } from './institute.ts'

export interface Event {
  readonly at: number
  readonly account: string
  readonly groups: readonly string[]
  readonly session: string
  readonly sessionStartedAt: number
  readonly app: string
  readonly method: string
  /** With the query. */
  readonly path: string
  readonly address: string
  readonly client: Client
  readonly signedInWith: SignedInWith | null
  /** `Sec-Fetch-Dest`; undefined where the client sends none. */
  readonly fetchDest: string | undefined
  readonly isSocket: boolean
  /** True if its headers say that a page of another site has led the browser there. */
  readonly leads: boolean
  readonly status: number
  /** To the person. */
  readonly bytes: number
  /** To the app. */
  readonly bytesIn: number
  /** The same object for all pieces of one exchange. */
  readonly exchange: object
  readonly isFirst: boolean
  readonly isLast: boolean
  /** Null where the person is at work. */
  readonly theft: number | null
  /** What a thief has got with it, in the unit of the theft's target. */
  readonly harm: number
}

/** Where and with what a session was begun; null for programs with a token of their own. */
interface SignedInWith {
  readonly userAgent: string
  readonly address: string
}

export const dayMs = 86_400_000
export const hourMs = 3_600_000
export const groupName = (group: number) => `lab-${group}`

export type AppName = 'wiki' | 'files' | 'records' | 'notebooks' | 'instruments' | 'viewer'

/** The connection of a visit. */
export interface Line {
  readonly network: Network
  readonly client: Client
  readonly session: string
  readonly sessionStartedAt: number
  readonly signedInWith: SignedInWith | null
}

/** Long answers are seen once a minute while they run. */
const pieceMs = 60_000

export class Events {
  readonly all: Event[] = []
  readonly #person: Person

  constructor(person: Person) {
    this.#person = person
  }

  emit(at: number, line: Line, app: AppName, path: string, bytes: number, more: Partial<Event> = {}): void {
    this.all.push(this.#event(at, line, app, path, bytes, more))
  }

  /** A long answer at `rate` bytes a second. Returns when it is over. */
  transfer(at: number, line: Line, app: AppName, path: string, bytes: number, rate: number, more: Partial<Event> = {}) {
    const first = this.#event(at, line, app, path, 0, { exchange: {}, ...more })
    const piece = (rate * pieceMs) / 1000
    let left = bytes
    for (let t = at; ; t += pieceMs) {
      const size = Math.min(left, piece)
      left -= size
      const isLast = left <= 0
      this.all.push({ ...first, at: Math.round(t), bytes: Math.round(size), isFirst: t === at, isLast })
      if (isLast) return t + (size / rate) * 1000
    }
  }

  #event(at: number, line: Line, app: AppName, path: string, bytes: number, more: Partial<Event>): Event {
    const person = this.#person
    const { random } = person
    const { v4, v6 } = line.network
    const isV6 = v6 !== null && person.isDualStack && random.chance(0.5)
    return {
      at: Math.round(at),
      account: person.account,
      groups: [groupName(person.group)],
      session: line.session,
      sessionStartedAt: line.sessionStartedAt,
      app,
      method: 'GET',
      path,
      address: isV6 ? `${v6}${(person.index + 1).toString(16)}` : v4,
      client: line.client,
      signedInWith: line.signedInWith,
      fetchDest: 'empty',
      isSocket: false,
      leads: false,
      status: random.chance(0.004) ? 404 : 200,
      bytes: Math.round(bytes),
      bytesIn: 0,
      exchange: noExchange,
      isFirst: true,
      isLast: true,
      theft: null,
      harm: 0,
      ...more
    }
  }
}

/** Of exchanges that are one piece. */
const noExchange = {}
