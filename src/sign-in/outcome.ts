/** What a use-case of a sign-in answers: a token and the way on, or a refusal. Both are values; only a broken store or journal throws. */
import type { ErrorCode } from '../errors.ts'
import type { Entered } from '../session/principal.ts'
import type { Next } from './next-step.ts'

export interface SignedIn extends Entered {
  readonly kind: 'entered'
  /** The mark that this browser is known by from now on; null where the sign-in is not complete. */
  readonly browser: string | null
  readonly next: Next
}

/** A refusal of the catalogue: the page for it stands there. */
export interface Denied {
  readonly kind: 'denied'
  readonly code: ErrorCode
  readonly retryAfterSeconds?: number
}

export const denied = (code: ErrorCode, more: { retryAfterSeconds?: number } = {}): Denied => ({
  kind: 'denied',
  code,
  ...more
})

/** The second press of what succeeded at another process: the answer of the first. No refusal of it goes into the journal (FIELD G6). */
export interface Repeated<Answer> {
  readonly kind: 'repeated'
  readonly answer: Answer
}

/** Looks for such an answer. Asked before a refusal is written down. */
export type FindAnswer<Answer> = () => Promise<Answer | null>

/** For callers who answer each press anew. */
export const neverRepeated: FindAnswer<never> = () => Promise.resolve(null)

/** Does what follows a new token. Its failure is a value, otherwise the token would be lost and the browser left with a dead one. */
export async function following(work: () => Promise<Next>): Promise<Next> {
  try {
    return await work()
  } catch (cause) {
    return { kind: 'failed', cause }
  }
}
