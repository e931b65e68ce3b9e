/** What became of a request, from its line in the journal. */
import type { Entry } from '../audit/journal-files.ts'
import { describeError, type ErrorCode, errorCodes, notAccepted } from '../errors.ts'

/**
 * `asked`: for a sign-in or another factor. `refused`: turned away. `failed`: the app or the gate could not answer. `own`: a page of the
 * gate, such as one that says that a password was wrong, because the attempt has its own line in the journal.
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
/** Answers to attempts, which are counted as such. */
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
  // The gate's own file, and the app never saw the request.
  if (served === 'decoy') return 'own'
  if (decision === 'refuse') return 'refused'
  if (decision === 'challenge') return 'asked'
  if (decision === 'forward') {
    // The rules let the request pass, and a later step of the gate refused it with this code.
    const meaning = typeof outcome === 'string' && known.has(outcome) ? meaningOf(outcome) : null
    return meaning === 'failed' || meaning === 'refused' ? meaning : 'forwarded'
  }
  return typeof outcome === 'string' ? meaningOf(outcome) : 'own'
}

/** What a code of `src/errors.ts` means. A code that nobody knows is a refusal. */
export function meaningOf(code: string): RequestResult {
  if (askingCodes.has(code)) return 'asked'
  if (attemptCodes.has(code)) return 'own'
  if (code === 'budget_spent') return 'refused'
  return known.has(code) && describeError(code as ErrorCode).status >= 500 ? 'failed' : 'refused'
}
