/** A request that has not begun, and waits until there is room for it in one meter. */
import type { Clock } from '../clock.ts'
import type { FlowKeeper } from './counted-flow.ts'
import type { Meter } from './meter.ts'
import type { Spender } from './spender.ts'

/** Resolves when the meter is no longer tight or the path is counted, and those who came before have their turn. */
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
