/** The limit of bytes of a program's token. */
import type { ProgramToken } from '../programs/program-token.ts'
import type { Store } from '../store/store.ts'
import type { Budget } from './budget.ts'
import { readLedger } from './ledger.ts'
import { ledgerId, ledgerRecord } from './ledger-record.ts'

const quotaId = 'token-quota'

const quotas = new WeakMap<ProgramToken, Budget>()

/** Null without a limit. The window is the token's life, so nothing is forgotten early. */
export function quotaOf(token: ProgramToken): Budget | null {
  const { app, bytes, createdAt, expiresAt } = token
  if (bytes === null) return null
  let quota = quotas.get(token)
  if (quota === undefined) {
    quota = {
      id: quotaId,
      per: 'token',
      app,
      windowSeconds: Math.max(1, Math.ceil((expiresAt - createdAt) / 1000)),
      counted: 'bytes',
      direction: 'out',
      amount: bytes,
      steps: ['journal', 'cut'],
      factors: [],
      rate: null,
      isPerProof: false,
      isQuota: true
    }
    quotas.set(token, quota)
  }
  return quota
}

/** Fetched bytes, at most ten seconds old; null without a limit. */
export async function usedOf(store: Store, token: ProgramToken, now: number): Promise<number | null> {
  const quota = quotaOf(token)
  if (quota === null) return null
  const ledger = await ledgerRecord.get(store, ledgerId(quota, token.id))
  return ledger === null ? 0 : readLedger(ledger, quota, now).spent
}
