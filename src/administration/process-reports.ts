/** What only a process knows (open connections, counters), from all processes of a store. They report only while somebody looks at the console. */
import type { LiveSummary } from '../forwarding/live-connections.ts'
import { newId } from '../ids.ts'
import type { Step } from '../metrics/history.ts'
import type { Store } from '../store/store.ts'

interface ProcessReport {
  readonly live: ReadonlyMap<string, LiveSummary>
  readonly steps: readonly Step[]
}

const watchKey = 'console-watch'
const index = 'console-reports'
const reportKey = (id: string) => `console-report:${id}`
const keptSeconds = 20
/** Milliseconds between two questions to the others, and for the first answers. */
const askAgainMs = 4_000
const firstWaitMs = 250
/** A value of the store has at most a megabyte. */
const maxLive = 4_000

interface ProcessReportsInput {
  readonly store: Store
  readonly clock: () => number
  /** Other processes use the store too. */
  readonly isShared: boolean
  readonly read: () => ProcessReport
  readonly onError: (error: unknown) => void
}

export class ProcessReports {
  readonly #input: ProcessReportsInput
  readonly #id = newId()
  #unsubscribe: (() => void) | null = null
  #askedAt = Number.NEGATIVE_INFINITY
  #asking: Promise<void> | null = null

  constructor(input: ProcessReportsInput) {
    this.#input = input
  }

  async start(): Promise<void> {
    const { store, isShared, onError } = this.#input
    if (!isShared) return
    this.#unsubscribe = await store.subscribe(watchKey, ({ kind }) => {
      if (kind === 'changed') this.#publish().catch(onError)
    })
  }

  stop(): void {
    this.#unsubscribe?.()
  }

  /** The report of this process comes first. */
  async all(): Promise<readonly ProcessReport[]> {
    const { store, clock, isShared, read } = this.#input
    if (!isShared) return [read()]
    if (Math.abs(clock() - this.#askedAt) > askAgainMs) {
      const isFirst = Math.abs(clock() - this.#askedAt) > keptSeconds * 1000
      this.#askedAt = clock()
      this.#asking = store
        .put(watchKey, newId(), keptSeconds)
        .then(() => (isFirst ? new Promise(resolve => setTimeout(resolve, firstWaitMs)) : undefined))
    }
    await this.#asking
    const others = (await store.members(index)).filter(id => id !== this.#id)
    const texts = await Promise.all(others.map(id => store.get(reportKey(id))))
    return [read(), ...texts.flatMap(text => (text === null ? [] : (parse(text) ?? [])))]
  }

  async #publish(): Promise<void> {
    const { store, read } = this.#input
    const { live, steps } = read()
    await store.put(reportKey(this.#id), JSON.stringify({ live: [...live].slice(0, maxLive), steps }), keptSeconds)
    await store.link(index, this.#id, keptSeconds)
  }
}

/** Null for another release's report. */
function parse(text: string): ProcessReport | null {
  try {
    const { live, steps } = JSON.parse(text) as { live: [string, LiveSummary][]; steps: Step[] }
    return { live: new Map(live), steps: [...steps] }
  } catch {
    return null
  }
}

export function mergeLive(reports: readonly ProcessReport[]): Map<string, LiveSummary> {
  const merged = new Map<string, LiveSummary>()
  for (const [id, one] of reports.flatMap(({ live }) => [...live])) {
    const before = merged.get(id)
    merged.set(
      id,
      before === undefined
        ? one
        : {
            connections: before.connections + one.connections,
            sockets: before.sockets + one.sockets,
            bytes: before.bytes + one.bytes,
            apps: [...new Set([...before.apps, ...one.apps])]
          }
    )
  }
  return merged
}
