/** What the journal's lines add up to. One pass, in any order; memory grows with people, apps and codes, not with lines. */
import type { Entry } from '../audit/journal-files.ts'
import { reasonOf } from './event-lists.ts'
import { type Repeated, repeatedIn } from './repeated.ts'
import { meaningOf, resultOf } from './request-result.ts'
import { stepAt, type TimeSteps } from './time-steps.ts'

/** All further keys share the row `others`. */
const maxKeys = 2000
const maxPeople = 500_000
const others = 'others'

interface Attempts {
  accepted: number
  refused: number
}

interface AppFigures {
  forwarded: number
  refused: number
  /** Requests that rules would have stopped which are only reported. */
  wouldStop: number
  bytesOut: number
  readonly people: Set<string>
}

interface PersonFigures {
  name: string | null
  signIns: number
  /** Wrong passwords and factors, and attempts that had to wait. */
  refused: number
  requests: number
  /** Milliseconds since the epoch; 0 for never. */
  lastSignInAt: number
}

export interface StepFigures {
  signIns: number
  refusedSignIns: number
  requests: number
  refusals: number
  bytesOut: number
}

export class JournalFigures {
  lines = 0
  readonly requests = {
    all: 0,
    forwarded: 0,
    /** The person was asked to sign in, or for another factor. */
    asked: 0,
    refused: 0,
    /** The app or the gate could not answer. */
    failed: 0,
    /** The gate's own pages answered. */
    own: 0,
    /** Requests without a line of their own. They are part of `all`, and of the others if the journal says which. */
    onlyCounted: 0,
    wouldStop: 0,
    bytesIn: 0,
    bytesOut: 0
  }
  /** Passwords, passkeys, institutions. */
  readonly signIns: Attempts = { accepted: 0, refused: 0 }
  readonly proofs: Attempts = { accepted: 0, refused: 0 }
  throttled = 0
  suspended = 0
  resumed = 0
  /** `login password` → attempts */
  readonly factors = new Map<string, Attempts>()
  /** Why requests were refused. */
  readonly reasons = new Map<string, number>()
  readonly kinds = new Map<string, number>()
  readonly apps = new Map<string, AppFigures>()
  /** By account id. */
  readonly people = new Map<string, PersonFigures>()
  readonly steps: readonly StepFigures[]
  /** Lines that a full disk has lost, by `journal.resume`. */
  lostLines = 0
  readonly #times: TimeSteps

  constructor(times: TimeSteps) {
    this.#times = times
    this.steps = Array.from({ length: times.count }, () => ({
      signIns: 0,
      refusedSignIns: 0,
      requests: 0,
      refusals: 0,
      bytesOut: 0
    }))
  }

  /** `at`: in milliseconds since the epoch. */
  add(entry: Entry, at: number): void {
    this.lines++
    count(this.kinds, entry.kind, 1)
    const step = this.steps[stepAt(this.#times, at)] as StepFigures
    switch (entry.kind) {
      case 'exchange':
      case 'socket.open':
        this.#addRequest(entry, step)
        break
      case 'socket.close':
        this.#addBytes(entry, step)
        break
      case 'login':
        this.#addSignIn(entry, at, step)
        break
      case 'proof':
        this.#addAttempt(this.proofs, entry, entry.outcome === 'verified', 1)
        if (entry.outcome !== 'verified') this.#addRefused(entry, 1)
        break
      case 'throttle':
        this.throttled++
        this.#addRefused(entry, 1)
        break
      case 'exchange.repeated':
        for (const part of repeatedIn(entry)) this.#addRepeated(part, step)
        break
      case 'login.repeated':
        // `exchange.repeated` has the same attempts, so they count for the person alone.
        for (const part of repeatedIn(entry)) if (part.kind !== 'exchange') this.#addRefused(entry, part.count)
        break
      case 'user.change':
        if (entry.outcome === 'suspended') this.suspended++
        if (entry.outcome === 'resumed') this.resumed++
        break
      case 'journal.resume':
        this.lostLines += numberOf(entry.lost)
        break
    }
  }

  #addRequest(entry: Entry, step: StepFigures): void {
    const { requests } = this
    requests.all++
    step.requests++
    const app = typeof entry.app === 'string' ? this.#app(entry.app) : null
    const person = this.#person(entry)
    const result = resultOf(entry)
    requests[result]++
    if (result === 'refused') {
      step.refusals++
      count(this.reasons, reasonOf(entry), 1)
      if (app !== null) app.refused++
    } else if (result === 'forwarded') {
      if (person !== null) person.requests++
      if (app !== null) {
        app.forwarded++
        if (typeof entry.account === 'string' && app.people.size < maxPeople) app.people.add(entry.account)
        if (typeof entry.would === 'string') app.wouldStop++
      }
      if (typeof entry.would === 'string') requests.wouldStop++
    }
    this.#addBytes(entry, step)
  }

  #addBytes(entry: Entry, step: StepFigures): void {
    const out = numberOf(entry.bytesOut)
    this.requests.bytesIn += numberOf(entry.bytesIn)
    this.requests.bytesOut += out
    step.bytesOut += out
    if (typeof entry.app === 'string') this.#app(entry.app).bytesOut += out
  }

  #addSignIn(entry: Entry, at: number, step: StepFigures): void {
    const isAccepted = entry.outcome === 'accepted'
    this.#addAttempt(this.signIns, entry, isAccepted, 1)
    if (!isAccepted) {
      step.refusedSignIns++
      this.#addRefused(entry, 1)
      return
    }
    step.signIns++
    const person = this.#person(entry)
    if (person === null) return
    person.signIns++
    person.lastSignInAt = Math.max(person.lastSignInAt, at)
  }

  #addAttempt(attempts: Attempts, { kind, factor }: Entry, isAccepted: boolean, times: number): void {
    const side = isAccepted ? 'accepted' : 'refused'
    attempts[side] += times
    const key = `${kind} ${typeof factor === 'string' ? factor : 'unknown'}`
    const row = this.factors.get(key) ?? { accepted: 0, refused: 0 }
    if (this.factors.size < maxKeys || this.factors.has(key)) this.factors.set(key, row)
    row[side] += times
  }

  #addRefused(entry: Entry, times: number): void {
    const person = this.#person(entry)
    if (person !== null) person.refused += times
  }

  #addRepeated({ kind, outcome, app, count: times }: Repeated, step: StepFigures): void {
    if (kind === 'throttle') this.throttled += times
    else if (kind === 'login' || kind === 'proof') {
      // The factor is not counted.
      const entry = { at: '', kind, factor: 'only counted' }
      this.#addAttempt(kind === 'login' ? this.signIns : this.proofs, entry, false, times)
      if (kind === 'login') step.refusedSignIns += times
    } else if (kind === 'exchange') {
      const { requests } = this
      requests.all += times
      requests.onlyCounted += times
      step.requests += times
      if (app !== null) {
        this.#app(app).wouldStop += times
        requests.wouldStop += times
      } else if (!/^\d+$/.test(outcome)) {
        const result = meaningOf(outcome)
        requests[result] += times
        if (result !== 'refused') return
        step.refusals += times
        count(this.reasons, outcome, times)
      }
    }
  }

  #app(id: string): AppFigures {
    const key = this.apps.has(id) || this.apps.size < maxKeys ? id : others
    const app = this.apps.get(key) ?? { forwarded: 0, refused: 0, wouldStop: 0, bytesOut: 0, people: new Set<string>() }
    this.apps.set(key, app)
    return app
  }

  #person({ account, name }: Entry): PersonFigures | null {
    if (typeof account !== 'string') return null
    const key = this.people.has(account) || this.people.size < maxPeople ? account : others
    let person = this.people.get(key)
    if (person === undefined) {
      person = { name: null, signIns: 0, refused: 0, requests: 0, lastSignInAt: 0 }
      this.people.set(key, person)
    }
    if (typeof name === 'string') person.name = name
    return person
  }
}

function count(counts: Map<string, number>, asked: string, times: number): void {
  const key = counts.has(asked) || counts.size < maxKeys ? asked : others
  counts.set(key, (counts.get(key) ?? 0) + times)
}

function numberOf(value: unknown): number {
  return typeof value === 'number' && Number.isFinite(value) && value > 0 ? value : 0
}
