/** The result of a request, from its journal line. */
import type { Entry } from '../audit/journal-files.ts'
import { describeError, type ErrorCode, errorCodes, notAccepted } from '../errors.ts'

/**
 * `asked`: for a sign-in or another factor. `refused`: turned away. `failed`: the app or the gate could not answer. `own`: a page of the
 * gate, also for a wrong password, because the attempt has its own line.
 */
type RequestResult = 'forwarded' | 'asked' | 'refused' | 'failed' | 'own'

const askingCodes = new Set([
  'sign_in_required',
  'second_factor_required',
  'fresh_proof_required',
  'other_factor_required',
  'budget_proof_required',
  'unusual_proof_required',
  'device_required',
  'device_proof_required'
])
/** Attempts are counted by themselves. */
const attemptCodes: ReadonlySet<string> = new Set([
  'wrong_credentials',
  'wrong_code',
  'too_many_attempts',
  'institution_refused',
  'form_expired',
  notAccepted
])
const known: ReadonlySet<string> = new Set(errorCodes)

export function resultOf({ decision, outcome, served }: Entry): RequestResult {
  // The app never saw the request.
  if (served === 'decoy') return 'own'
  if (decision === 'refuse') return 'refused'
  if (decision === 'challenge') return 'asked'
  if (decision === 'forward') {
    // The rules let it pass, and a later step refused it with this code.
    const meaning = typeof outcome === 'string' && known.has(outcome) ? meaningOf(outcome) : null
    return meaning === 'failed' || meaning === 'refused' ? meaning : 'forwarded'
  }
  return typeof outcome === 'string' ? meaningOf(outcome) : 'own'
}

/** The meaning of a code of `src/errors.ts`. An unknown code is a refusal. */
export function meaningOf(code: string): RequestResult {
  if (askingCodes.has(code)) return 'asked'
  if (attemptCodes.has(code)) return 'own'
  if (code === 'budget_spent') return 'refused'
  return known.has(code) && describeError(code as ErrorCode).status >= 500 ? 'failed' : 'refused'
}
