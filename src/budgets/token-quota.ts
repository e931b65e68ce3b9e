/** The budget that a program's token brings with it: how many bytes may be fetched with it in all. */
import type { ProgramToken } from '../programs/program-token.ts'
import type { Store } from '../store/store.ts'
import type { Budget } from './budget.ts'
import { readLedger } from './ledger.ts'
import { ledgerId, ledgerRecord } from './ledger-record.ts'

const quotaId = 'token-quota'

const quotas = new WeakMap<ProgramToken, Budget>()

/** Null for a token without a limit. Its window is the token's whole life, so nothing is forgotten before the end. */
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

/** How many bytes of its limit have been fetched; null for a token without a limit. Gates write this twice a second; one alone, within ten seconds. */
export async function usedOf(store: Store, token: ProgramToken, now: number): Promise<number | null> {
  const quota = quotaOf(token)
  if (quota === null) return null
  const ledger = await ledgerRecord.get(store, ledgerId(quota, token.id))
  return ledger === null ? 0 : readLedger(ledger, quota, now).spent
}
