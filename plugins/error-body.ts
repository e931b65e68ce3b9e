/** A refusal as JSON, for whoever is no browser that navigates. Owns its shape alone. */
import { describeError, type ErrorCode } from '../src/errors.ts'

export interface ErrorBody {
  readonly error: { readonly code: ErrorCode; readonly message: string; readonly challengeUrl?: string }
}

/** Code and safe sentence; `challengeUrl` is where a person goes to put it right. */
export function errorBody(code: ErrorCode, challengeUrl?: string): ErrorBody {
  const message = describeError(code).sentence
  return { error: challengeUrl === undefined ? { code, message } : { code, message, challengeUrl } }
}
