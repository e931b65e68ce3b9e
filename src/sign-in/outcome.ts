/** The results of a sign-in's use-cases: a token and the next step, or a refusal. Only a broken store or journal throws. */
import type { ErrorCode } from '../errors.ts'
import type { Words } from '../reasons/reason.ts'
import type { Entered } from '../session/principal.ts'
import type { Next } from './next-step.ts'

export interface SignedIn extends Entered {
  readonly kind: 'entered'
  /** The new device cookie; null for an incomplete sign-in. */
  readonly browser: string | null
  readonly next: Next
}

export interface Denied {
  readonly kind: 'denied'
  readonly code: ErrorCode
  readonly retryAfterSeconds?: number
  /** What an operator wrote to the person, or the watch has said. */
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

/**
 * The second press of a button whose first press succeeded in another process: the answer of the first. The journal records no refusal
 * (FIELD G6).
 */
export interface Repeated<Answer> {
  readonly kind: 'repeated'
  readonly answer: Answer
}

/** Looks for such an answer before a refusal is recorded. */
export type FindAnswer<Answer> = () => Promise<Answer | null>

/** The answer to find for forms that cannot be sent twice. */
export const neverRepeated: FindAnswer<never> = () => Promise.resolve(null)

/** Runs the step after a new token. A failure is a value, otherwise the token would be lost and the browser would keep a dead one. */
export async function following(work: () => Promise<Next>): Promise<Next> {
  try {
    return await work()
  } catch (cause) {
    return { kind: 'failed', cause }
  }
}
