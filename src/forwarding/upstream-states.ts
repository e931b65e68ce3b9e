/** The states of all upstreams, which outlive a reload. */
import type { App, Upstream } from '../apps/route-table.ts'
import { type UpstreamSighting, UpstreamState, type UpstreamWatcher } from '../upstream/upstream-state.ts'

type UpstreamChange = (state: UpstreamState, problem: string | null) => void

/** What one worker has seen, for the others. */
export interface UpstreamNews {
  readonly key: string
  readonly sighting: UpstreamSighting
}

export class UpstreamStates {
  readonly #onChange: UpstreamChange | undefined
  readonly #tell: ((news: UpstreamNews) => void) | undefined
  readonly #byKey = new Map<string, UpstreamState>()

  /** `onChange` gets the reason why an upstream is down, and null when it is up again. */
  constructor(onChange?: UpstreamChange, tell?: (news: UpstreamNews) => void) {
    this.#onChange = onChange
    this.#tell = tell
  }

  of(app: App, upstream: Upstream): UpstreamState {
    const key = keyOf(app, upstream)
    let state = this.#byKey.get(key)
    if (state === undefined) {
      const watcher: UpstreamWatcher = {
        onChange: this.#onChange,
        onSighting: (_, sighting) => this.#tell?.({ key, sighting })
      }
      state = new UpstreamState(app.id, addressOf(upstream), watcher)
      this.#byKey.set(key, state)
    }
    return state
  }

  retain(apps: readonly App[]): void {
    const kept = new Set(apps.flatMap(app => app.upstreams.map(upstream => this.of(app, upstream))))
    for (const [key, state] of this.#byKey) if (!kept.has(state)) this.#byKey.delete(key)
  }

  /** Keys of another configuration are ignored. `now` is of UpstreamRegistry's clock. */
  hear({ key, sighting }: UpstreamNews, now: number): void {
    this.#byKey.get(key)?.hear(sighting, now)
  }

  all(): Iterable<UpstreamState> {
    return this.#byKey.values()
  }
}

/** As in the configuration: `unix:/run/app.sock:/base`. */
function addressOf({ origin, socketPath, basePath }: Upstream): string {
  if (socketPath === null) return origin + basePath
  return basePath === '' ? `unix:${socketPath}` : `unix:${socketPath}:${basePath}`
}

/** An app with other trusted certificates or another check gets a new state. */
function keyOf(app: App, upstream: Upstream): string {
  return JSON.stringify([app.id, addressOf(upstream), app.tls ?? null, app.health ?? null])
}
