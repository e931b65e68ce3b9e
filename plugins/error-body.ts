/** The JSON body of a refusal. */
import { describeError, type ErrorCode } from '../src/errors.ts'

interface ErrorBody {
  readonly error: {
    readonly code: ErrorCode
    readonly message: string
    readonly challengeUrl?: string
    readonly keptUrl?: string
  }
}

/**
 * `challengeUrl` is the page on which a person can resolve it. `message`: in place of the usual sentence. `keptUrl`: the page on which they can then
 * send the request, which waits.
 */
export function errorBody(
  code: ErrorCode,
  challengeUrl?: string,
  message: string | null = null,
  keptUrl?: string
): ErrorBody {
  const kept = keptUrl === undefined ? {} : { keptUrl }
  return {
    error: {
      code,
      message: message ?? describeError(code).sentence,
      ...(challengeUrl === undefined ? {} : { challengeUrl }),
      ...kept
    }
  }
}
