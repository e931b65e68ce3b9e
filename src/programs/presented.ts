/** Where a request carries a program's token: Bearer, Basic's password, or a header of the app's choice. */
import type { IncomingHttpHeaders } from 'node:http'
import { findTokens, tokenLength, tokenPrefix } from './token-text.ts'

export interface TokenTerms {
  /** The name is in lower case: `x-gate-token`. */
  readonly header: string | null
}

export interface Presented {
  readonly text: string
  /** Browsers repeat Basic by themselves. */
  readonly isBasic: boolean
}

/** Two different tokens give '', which is never valid. */
export function presentedToken(headers: IncomingHttpHeaders, { header }: TokenTerms): Presented | null {
  const chosen = header === null ? undefined : headers[header]
  const inAuthorization = headers.authorization === undefined ? null : tokenIn(headers.authorization)
  if (chosen === undefined) return inAuthorization
  const text = String(chosen)
  if (inAuthorization !== null && inAuthorization.text !== text) return { text: '', isBasic: inAuthorization.isBasic }
  return { text, isBasic: false }
}

/** True for a value that no app may get, not even where the token does not count, as in Basic's name. An app without tokens may have similar ones. */
export function carriesToken(authorization: string, takesTokens: boolean): boolean {
  if (takesTokens && tokenIn(authorization) !== null) return true
  const [, pair] = /^\s*basic\s+(\S+)/i.exec(authorization) ?? []
  return holdsToken(authorization) || (pair !== undefined && holdsToken(decoded(pair)))
}

/** The same for other headers. */
export function isMisplacedToken(value: string): boolean {
  return value.length >= tokenLength && value.length <= tokenLength + 32 && holdsToken(value)
}

function holdsToken(text: string): boolean {
  return text.includes(tokenPrefix) && findTokens(text).length > 0
}

/** Other credentials belong to the app. */
function tokenIn(authorization: string): Presented | null {
  const [, scheme, value] = /^\s*(bearer|basic)\s+(\S+)\s*$/i.exec(authorization) ?? []
  if (scheme === undefined || value === undefined) return null
  const isBasic = scheme.length === 5
  const text = isBasic ? passwordOf(value) : value
  return text.startsWith(tokenPrefix) ? { text, isBasic } : null
}

/** The password follows the first colon (RFC 7617 §2). */
function passwordOf(value: string): string {
  const pair = decoded(value)
  const colon = pair.indexOf(':')
  return colon < 0 ? '' : pair.slice(colon + 1)
}

function decoded(base64: string): string {
  return Buffer.from(base64, 'base64').toString('latin1')
}
