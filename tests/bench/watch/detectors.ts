/** What is compared: the watch (gate.ts), a fixed threshold, and nothing. */
import { dayMs, type Event } from './events.ts'

export interface Heard {
  readonly answer: 'nothing' | 'notice' | 'step-up' | 'suspend'
  /** The session must show a proof first. Nothing has passed. */
  readonly isRefused: boolean
  /** What has passed so far has passed; the rest waits for a proof. */
  readonly isHeld: boolean
  /** The session is over: its owner signs in again. */
  readonly isEnded: boolean
}

export interface Detector {
  readonly name: string
  /** True if something waits that a gate does within a second. */
  readonly isDue: boolean
  observe(event: Event): Heard
  /** Somebody has shown the second factor in this session. */
  proved(event: Event): void
  /** The exchange ends, because nobody did. */
  cut(event: Event): void
  settle(now: number): Promise<void>
}

const quiet: Heard = { answer: 'nothing', isRefused: false, isHeld: false, isEnded: false }

const gib = 2 ** 30

/** 5 GiB a day, or 2,000 addresses in ten minutes, ask for a proof; 50 GiB a day suspend. */
export class FixedThreshold implements Detector {
  readonly name = 'fixed'
  readonly isDue = false
  readonly #learnUntil: number
  readonly #people = new Map<
    string,
    { day: number; bytes: number; slot: number; paths: Set<string>; allowed: number; isSuspended: boolean }
  >()

  constructor(learnUntil: number) {
    this.#learnUntil = learnUntil
  }

  observe({ account, at, bytes, path }: Event): Heard {
    const day = Math.floor(at / dayMs)
    const slot = Math.floor(at / 600_000)
    let person = this.#people.get(account)
    if (person === undefined || person.day !== day) {
      person = { day, bytes: 0, slot, paths: new Set(), allowed: 5 * gib, isSuspended: person?.isSuspended ?? false }
      this.#people.set(account, person)
    }
    if (person.slot !== slot) {
      person.slot = slot
      person.paths.clear()
    }
    person.bytes += bytes
    if (person.paths.size < 2000) person.paths.add(path)
    if (at < this.#learnUntil || person.isSuspended) return quiet
    if (person.bytes > 50 * gib) {
      person.isSuspended = true
      return { ...quiet, answer: 'suspend' }
    }
    if (person.bytes <= person.allowed && person.paths.size < 2000) return quiet
    person.paths.clear()
    person.allowed = person.bytes + 5 * gib
    return { answer: 'step-up', isRefused: false, isHeld: true, isEnded: false }
  }

  proved(): void {}
  cut(): void {}
  async settle(): Promise<void> {}
}

export class None implements Detector {
  readonly name = 'none'
  readonly isDue = false
  observe(): Heard {
    return quiet
  }
  proved(): void {}
  cut(): void {}
  async settle(): Promise<void> {}
}
