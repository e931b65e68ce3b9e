/**
 * Notices that this process has stood still: a paused virtual machine, a laptop that slept, SIGSTOP, or a flood. What it knows of the store
 * may then be old, and the connection on which it hears of changes may be gone.
 */
import { uptime } from 'node:os'
import { systemClock } from '../clock.ts'
import { every } from './every.ts'

/** A shorter pause does no harm: the connection to the store may stay silent for this long. */
const maxStillMs = 3000
const lookMs = 500

interface Clocks {
  /** Nobody can set it. It may stop while the machine sleeps. */
  readonly running: () => number
  /** The time of day. */
  readonly wall: () => number
  /** Goes on while the machine sleeps. It is slow to read, and may give whole seconds only. */
  readonly machine: () => number
}

interface StandstillOptions {
  /** Called before anything else, with the length in milliseconds. */
  readonly onStood: (ms: number) => void
  /** In milliseconds. */
  readonly clocks?: Clocks
}

export class Standstill {
  readonly #onStood: (ms: number) => void
  readonly #clocks: Clocks
  /** What the clocks showed at the last look. `slept`: how far the machine's clock was ahead. */
  #seen: { running: number; wall: number; slept: number }
  #stop = () => {}

  constructor({ onStood, clocks = systemClocks }: StandstillOptions) {
    this.#onStood = onStood
    this.#clocks = clocks
    this.#seen = this.#now()
  }

  /** What came before, such as a slow start, is no standstill. */
  start(): void {
    this.#seen = this.#now()
    this.#stop = every(lookMs, () => this.look())
  }

  stop(): void {
    this.#stop()
  }

  /** Each request calls it, because requests that have waited are heard before any timer. */
  look(): void {
    const { running, wall, machine } = this.#clocks
    const [now, time] = [running(), wall()]
    const seen = this.#seen
    const still = now - seen.running
    const passed = time - seen.wall
    seen.running = now
    seen.wall = time
    if (still > maxStillMs) return this.#onStood(still)
    if (passed <= maxStillMs) return
    // The machine has slept, or somebody has set its clock.
    const slept = machine() - now
    const since = slept - seen.slept
    seen.slept = slept
    if (since > maxStillMs - 1000) this.#onStood(since)
  }

  #now() {
    const running = this.#clocks.running()
    return { running, wall: this.#clocks.wall(), slept: this.#clocks.machine() - running }
  }
}

const systemClocks: Clocks = {
  running: () => performance.now(),
  wall: systemClock,
  machine: () => uptime() * 1000
}
