/** A provider's failures, as a refusal and one line for operators without secrets. */
import { type InstitutionRefusal, refused } from '../institution.ts'
import { isTrouble, ProviderUnreachable, retryAfterOf } from './provider-fetch.ts'

/** The message is for operators. */
export class InvalidAnswer extends Error {
  override readonly name = 'InvalidAnswer'
}

/** The provider's own trouble (RFC 6749 §4.1.2.1). */
const itsTrouble = new Set(['server_error', 'temporarily_unavailable'])

/** Rethrows anything that is no fault of a provider. */
export function refusalOf(error: unknown): InstitutionRefusal {
  if (error instanceof ProviderUnreachable)
    return refused('institution_unreachable', error.message, error.retryAfterSeconds)
  if (error instanceof InvalidAnswer) return refused('institution_answer_invalid', error.message)
  const { name, error: code, cause } = error as Partial<Record<'name' | 'error' | 'cause', unknown>>
  const response = responseIn(error)
  if (name === 'AuthorizationResponseError') {
    const kind = itsTrouble.has(String(code)) ? 'institution_unreachable' : 'institution_refused'
    return refused(kind, `the provider answered ${saidIn(error)}`)
  }
  if (name === 'ResponseBodyError') {
    const said = `${response === null ? 'the provider' : response.url} refused the gate’s request: ${saidIn(error)}`
    if (itsTrouble.has(String(code)) || (response !== null && isTrouble(response.status)))
      return refused('institution_unreachable', said, response === null ? null : retryAfterOf(response))
    return refused('institution_answer_invalid', said)
  }
  if (name === 'WWWAuthenticateChallengeError')
    return refused('institution_answer_invalid', `${problemOf(error)}: ${challengedFor(cause)}`)
  // The library wraps errors of our `fetch` and unreadable answers.
  for (let inner = cause; inner instanceof Error; inner = inner.cause)
    if (inner instanceof ProviderUnreachable || inner instanceof InvalidAnswer) return refusalOf(inner)
  if (response !== null && isTrouble(response.status))
    return refused('institution_unreachable', `${response.url} answered ${response.status}`, retryAfterOf(response))
  if (isOfTheLibraries(error)) return refused('institution_answer_invalid', problemOf(error))
  throw error
}

/** The answer that made the library fail, or null. */
export function responseIn(error: unknown): Response | null {
  const { response, cause } = error as { response?: unknown; cause?: unknown }
  return response instanceof Response ? response : cause instanceof Response ? cause : null
}

/** One line: the mismatch and the expected value. */
export function problemOf(error: unknown): string {
  const { message, code, cause } = error as { message?: unknown; code?: unknown; cause?: unknown }
  const inner = cause instanceof Error ? `: ${cause.message}` : cause instanceof Response ? `: ${statusAt(cause)}` : ''
  const about = cause instanceof Error ? cause.cause : cause
  const { expected, claim, attribute, reason } = (typeof about === 'object' && about !== null ? about : {}) as Record<
    string,
    unknown
  >
  const more = [
    ...(claim === undefined ? [] : [`claim ${quoted(claim)}`]),
    ...(attribute === undefined ? [] : [`attribute ${quoted(attribute)}`]),
    ...(expected === undefined ? [] : [`expected ${quoted(expected)}`]),
    ...(reason === undefined ? [] : [`by ${quoted(reason)}`])
  ].join(', ')
  const codeText = typeof code === 'string' ? ` (${code})` : ''
  return oneLine(`${message}${inner}${more === '' ? '' : `; ${more}`}${codeText}`)
}

function statusAt({ status, url, headers }: Response): string {
  const type = headers.get('content-type')
  return `${url} answered ${status}${type === null ? '' : ` (${quoted(type)})`}`
}

function isOfTheLibraries(error: unknown): boolean {
  const { name, code } = error as { name?: unknown; code?: unknown }
  const isCoded = typeof code === 'string' && /^(OAUTH_|ERR_J|ERR_INVALID_ARG)/.test(code)
  return (
    isCoded ||
    name === 'ClientError' ||
    name === 'OperationProcessingError' ||
    name === 'UnsupportedOperationError' ||
    name === 'WWWAuthenticateChallengeError'
  )
}

/** What `WWW-Authenticate` demands: Bearer is for userinfo, all else for token and pushed requests. */
function challengedFor(challenges: unknown): string {
  const isBearer = Array.isArray(challenges) && challenges.some(({ scheme }) => /^bearer$/i.test(String(scheme)))
  return isBearer
    ? 'userinfo does not take the access token'
    : 'it does not take clientId and clientSecret, or not in this way; see clientAuthentication'
}

/** Quoted and short, since it may be anything. */
function saidIn(error: unknown): string {
  const { error: code, error_description: description } = error as { error?: unknown; error_description?: unknown }
  return description === undefined ? quoted(code) : `${quoted(code)}, ${quoted(description)}`
}

export function quoted(value: unknown): string {
  return oneLine(JSON.stringify(value) ?? 'nothing')
}

function oneLine(text: string): string {
  const line = text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ')
  return line.length > 300 ? `${line.slice(0, 300)}…` : line
}
