/** A request that waits for room in one meter before it begins. */
import type { Clock } from '../clock.ts'
import type { FlowKeeper } from './counted-flow.ts'
import type { Meter } from './meter.ts'
import type { Spender } from './spender.ts'

/** Resolves in turn, when the meter is no longer tight or the path is counted. */
export function roomOf(
  meter: Meter,
  isGuarded: boolean,
  path: number,
  keeper: FlowKeeper,
  clock: Clock
): Promise<void> {
  return new Promise(resolve => {
    const end = () => {
      keeper.leave(meter, waiting)
      resolve()
    }
    const waiting: Spender = {
      isNew: true,
      path,
      session: null,
      proofs: [],
      isGuarded,
      provedAt: () => 0,
      signedInAt: 0,
      goOn: () => {
        if (!meter.isTight || meter.isCounted(path, clock())) end()
      },
      cut: end
    }
    keeper.wait(meter, waiting, true)
  })
}
