/** After a standstill of this process, nothing that it has heard before is believed. */
import type { Logger } from 'pino'
import type { Store } from '../store/store.ts'
import { Standstill } from '../watchers/standstill.ts'

const sentence =
  'this process stood still (a paused machine, SIGSTOP, or too much work); it asks the store for what was ended meanwhile before it serves anybody'

export function standstillOf({ store, log }: { readonly store: Store; readonly log: Logger }): Standstill {
  return new Standstill({
    onStood: ms => {
      store.distrust?.()
      log.warn({ seconds: Math.round(ms / 1000) }, sentence)
    }
  })
}
