/** The results of a sign-in's use-cases: a token and the next step, or a refusal. Only a broken store or journal throws. */
import type { ErrorCode } from '../errors.ts'
import type { Words } from '../reasons/reason.ts'
import type { Entered } from '../session/principal.ts'
import type { Next } from './next-step.ts'

export interface SignedIn extends Entered {
  readonly kind: 'entered'
  /** Null for an incomplete sign-in. */
  readonly browser: string | null
  readonly next: Next
}

export interface Denied {
  readonly kind: 'denied'
  readonly code: ErrorCode
  readonly retryAfterSeconds?: number
  /** What an operator or the watch says to the person. */
  readonly words?: readonly Words[]
}

export const denied = (
  code: ErrorCode,
  more: { retryAfterSeconds?: number; words?: readonly Words[] } = {}
): Denied => ({
  kind: 'denied',
  code,
  ...more
})

/** The answer to the second press of a button: that of the first, which succeeded in another process. The journal records no refusal (FIELD G6). */
export interface Repeated<Answer> {
  readonly kind: 'repeated'
  readonly answer: Answer
}

/** Looks for such an answer before a refusal is recorded. */
export type FindAnswer<Answer> = () => Promise<Answer | null>

/** Forms that cannot be sent twice use it. */
export const neverRepeated: FindAnswer<never> = () => Promise.resolve(null)

/** A failure after a new token is a value, otherwise the browser would keep a dead token. */
export async function following(work: () => Promise<Next>): Promise<Next> {
  try {
    return await work()
  } catch (cause) {
    return { kind: 'failed', cause }
  }
}
