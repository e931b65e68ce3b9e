/** What is compared: the watch itself, a fixed threshold, and nothing. */
import { Unusual, type UnusualOptions, type Verdict } from '../../../src/unusual/unusual.ts'
import { dayMs, type Event } from './visits.ts'

export type Answer = 'nothing' | 'notice' | 'step-up' | 'suspend'

export interface Detector {
  readonly name: string
  observe(event: Event): Answer
  /** Somebody has shown the second factor in this session. */
  proved(event: Event): void
  readonly last?: Verdict | null
}

export class Watch implements Detector {
  readonly name = 'watch'
  readonly unusual: Unusual
  last: Verdict | null = null

  constructor(options: UnusualOptions) {
    this.unusual = new Unusual(options)
  }

  observe(event: Event): Answer {
    const verdict = this.unusual.observe(event)
    if (verdict === null) return 'nothing'
    this.last = verdict
    if (verdict.isLearning) return 'nothing'
    return verdict.level === 'extreme' ? 'suspend' : verdict.level === 'alarming' ? 'step-up' : 'notice'
  }

  proved(event: Event): void {
    this.unusual.proved(event.account as string, event.session, event.at)
  }
}

const gib = 2 ** 30

/** 5 GiB a day, or 2,000 addresses in ten minutes, ask for a proof; 50 GiB a day suspend. */
export class FixedThreshold implements Detector {
  readonly name = 'fixed'
  readonly #learnUntil: number
  readonly #people = new Map<
    string,
    { day: number; bytes: number; slot: number; paths: Set<string>; allowed: number; isSuspended: boolean }
  >()

  constructor(learnUntil: number) {
    this.#learnUntil = learnUntil
  }

  observe({ account, at, bytes, path }: Event): Answer {
    const day = Math.floor(at / dayMs)
    const slot = Math.floor(at / 600_000)
    let person = this.#people.get(account as string)
    if (person === undefined || person.day !== day) {
      person = { day, bytes: 0, slot, paths: new Set(), allowed: 5 * gib, isSuspended: person?.isSuspended ?? false }
      this.#people.set(account as string, person)
    }
    if (person.slot !== slot) {
      person.slot = slot
      person.paths.clear()
    }
    person.bytes += bytes
    if (person.paths.size < 2000) person.paths.add(path)
    if (at < this.#learnUntil || person.isSuspended) return 'nothing'
    if (person.bytes > 50 * gib) {
      person.isSuspended = true
      return 'suspend'
    }
    if (person.bytes <= person.allowed && person.paths.size < 2000) return 'nothing'
    person.paths.clear()
    person.allowed = person.bytes + 5 * gib
    return 'step-up'
  }

  proved(): void {}
}

export class None implements Detector {
  readonly name = 'none'
  observe(): Answer {
    return 'nothing'
  }
  proved(): void {}
}
