/** Asks again, after a request has waited, whether the person or program still has access: it may have ended meanwhile. */
import { StoreUnreachable } from '../src/store/store.ts'
import type { Exchange } from './exchange.ts'

/** Rejects with StoreUnreachable. */
export type StillHasAccess = (exchange: Exchange) => Promise<boolean>

/** From then on, a person or program without access counts as not signed in. */
export async function recheckAccess(exchange: Exchange, stillHasAccess: StillHasAccess): Promise<void> {
  const { principal, program } = exchange
  if (principal === null ? program === null : !principal.isFullySignedIn) return
  try {
    if (await stillHasAccess(exchange)) return
    if (program !== null) exchange.tokenFailure = 'token_invalid'
  } catch (error) {
    if (!(error instanceof StoreUnreachable)) throw error
    exchange.storeFailure = error
  }
  exchange.principal = exchange.program = null
}
