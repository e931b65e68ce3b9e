/** What the parts of the watch share in one process: who must show a proof, and the led requests. */
import type { Clock } from '../clock.ts'
import { LedRequests } from '../metering/led-requests.ts'
import type { SessionCache } from '../session/session-cache.ts'
import type { Store } from '../store/store.ts'
import { Asks } from '../unusual/asks.ts'
import { onSessionChange, proofsNow } from './session-changes.ts'

export interface WatchCommons {
  readonly asks: Asks
  readonly led: LedRequests
  stop(): void
}

interface Parts {
  readonly store: Store
  readonly clock: Clock
  readonly cache: SessionCache
  readonly isStoreShared: boolean
  watchCommons: WatchCommons | null
}

/** The first configuration with a watch makes these parts. They outlive a reload. */
export async function watchCommonsOf(runtime: Parts): Promise<WatchCommons> {
  if (runtime.watchCommons !== null) return runtime.watchCommons
  const { store, clock, cache, isStoreShared } = runtime
  const asks = new Asks({ store, clock, proofsNow: session => proofsNow(cache, session) })
  const led = new LedRequests({ clock, store: isStoreShared ? store : null })
  await asks.start()
  await led.start()
  // The change of a session may be a new proof.
  const stopHearing = onSessionChange(cache, session => {
    asks.sessionChanged(session).catch(() => {})
  })
  runtime.watchCommons = {
    asks,
    led,
    stop() {
      stopHearing()
      led.stop()
      asks.stop()
    }
  }
  return runtime.watchCommons
}
