/** Whether who asks may still enter after a wait: access may have ended meanwhile, when nothing of this request could be cut yet. */
import { StoreUnreachable } from '../src/store/store.ts'
import type { Exchange } from './exchange.ts'

/** Rejects with StoreUnreachable. */
export type IsStillIn = (exchange: Exchange) => Promise<boolean>

/** Makes whoever may no longer enter a stranger. */
export async function lookAgain(exchange: Exchange, isStillIn: IsStillIn): Promise<void> {
  const { principal, program } = exchange
  if (principal === null ? program === null : !principal.isFullySignedIn) return
  try {
    if (await isStillIn(exchange)) return
    if (program !== null) exchange.tokenFailure = 'token_invalid'
  } catch (error) {
    if (!(error instanceof StoreUnreachable)) throw error
    exchange.storeFailure = error
  }
  exchange.principal = exchange.program = null
}
