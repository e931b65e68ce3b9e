/** The JSON body of a refusal. */
import { describeError, type ErrorCode } from '../src/errors.ts'

export interface ErrorBody {
  readonly error: { readonly code: ErrorCode; readonly message: string; readonly challengeUrl?: string }
}

/** `challengeUrl` is the page on which a person can resolve it. `why`: a sentence that comes first. */
export function errorBody(code: ErrorCode, challengeUrl?: string, why: string | null = null): ErrorBody {
  const { sentence } = describeError(code)
  const message = why === null ? sentence : `${why} ${sentence}`
  return { error: challengeUrl === undefined ? { code, message } : { code, message, challengeUrl } }
}
