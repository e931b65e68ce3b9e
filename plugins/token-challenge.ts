/** What programs are told about tokens: the `WWW-Authenticate` of refusals (RFC 9110 §11.6.1, RFC 6750 §3, RFC 7617). */
import type { IncomingHttpHeaders } from 'node:http'
import type { App } from '../src/apps/route-table.ts'
import type { ErrorCode } from '../src/errors.ts'
import type { Presented } from '../src/programs/presented.ts'
import { isBrowser } from '../src/request/wants-page.ts'

const errors: Partial<Record<ErrorCode, string>> = {
  token_invalid: 'invalid_token',
  token_not_allowed: 'insufficient_scope'
}

/** The challenges for a refusal of an app; null where a token would not help. Browsers would ask people for a name and a password by Basic, so only programs are offered it. */
export function tokenChallenge(
  code: ErrorCode,
  app: Pick<App, 'id' | 'tokens'>,
  headers: IncomingHttpHeaders
): string | string[] | null {
  if (app.tokens == null) return null
  const realm = `realm="${app.id}"`
  const error = errors[code]
  const bearer = error === undefined ? `Bearer ${realm}` : `Bearer ${realm}, error="${error}"`
  if (code === 'token_not_allowed') return bearer
  // Basic comes first: some clients read one challenge only, and Python's urllib fails where that is Bearer (Mercurial).
  return isBrowser(headers) ? bearer : [`Basic ${realm}, charset="UTF-8"`, bearer]
}

/** True for a token that a browser remembers, and that another site has made it send (THREATS T3). */
export function isSentByOtherSite(headers: IncomingHttpHeaders, { isBasic }: Presented): boolean {
  const site = headers['sec-fetch-site']
  return isBasic && site !== undefined && site !== 'same-origin' && site !== 'none'
}
