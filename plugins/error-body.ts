/** The JSON body of a refusal. */
import { describeError, type ErrorCode } from '../src/errors.ts'
import { inWords } from '../src/reasons/in-words.ts'
import { causesOf, type Words } from '../src/reasons/reason.ts'

interface ErrorBody {
  readonly error: {
    readonly code: ErrorCode
    readonly message: string
    readonly challengeUrl?: string
    readonly keptUrl?: string
  }
}

/**
 * `challengeUrl` is the page on which a person can resolve it. `why`: a sentence that comes first. `keptUrl`: the page on which they can then
 * send the request, which waits.
 */
export function errorBody(
  code: ErrorCode,
  challengeUrl?: string,
  why: string | null = null,
  keptUrl?: string
): ErrorBody {
  const { sentence } = describeError(code)
  const message = why === null ? sentence : `${why} ${sentence}`
  const kept = keptUrl === undefined ? {} : { keptUrl }
  return { error: { code, message, ...(challengeUrl === undefined ? {} : { challengeUrl }), ...kept } }
}

/** For a suspended person, or their program. `words`: the reason; null where it is none of the sender's business. `contact`: as in the configuration. */
export function suspendedBody(words: readonly Words[] | null, contact: string | null): ErrorBody {
  const whom = contact === null ? 'the people who run this gate' : contact.replace(/^mailto:/i, '')
  const reason = words === null ? '' : ` The reason: “${inWords(causesOf(words), 'en')}”`
  const message =
    words === null
      ? `${describeError('account_suspended').sentence} Ask ${whom} when it gets access again.`
      : `Your access is suspended.${reason} Ask ${whom} when you get access again.`
  return { error: { code: 'account_suspended', message } }
}
