/** An app's 401 where the gate adds the person's login. No client may see a demand for Basic, because browsers answer it with a dialog. */
import type { ErrorCode } from '../errors.ts'
import type { ForwardRequest } from './forward-request.ts'

export type LoginRefusal = Extract<ErrorCode, 'upstream_login_required' | 'upstream_login_refused'>

/** Null for a response that the client gets. */
export function loginRefusal(
  { app, permit, upstreamLogin }: Pick<ForwardRequest, 'app' | 'permit' | 'upstreamLogin'>,
  status: number,
  headers: readonly string[]
): LoginRefusal | null {
  if (status !== 401 || app.upstreamLogin == null || !asksForBasic(headers)) return null
  if (upstreamLogin !== null) return 'upstream_login_refused'
  // A stranger on a public path cannot be asked for a login.
  return permit.subject === null ? null : 'upstream_login_required'
}

export function withoutBasic(headers: readonly string[]): string[] {
  return headers.flatMap((name, i) =>
    i % 2 === 1 || isBasicLine(name, headers[i + 1] as string) ? [] : [name, headers[i + 1] as string]
  )
}

function asksForBasic(headers: readonly string[]): boolean {
  for (let i = 0; i < headers.length; i += 2)
    if (isBasicLine(headers[i] as string, headers[i + 1] as string)) return true
  return false
}

/** A line may hold several challenges, and a quoted realm any words (RFC 9110 §11.6.1). */
function isBasicLine(name: string, value: string): boolean {
  if (name.length !== 16 || name.toLowerCase() !== 'www-authenticate') return false
  // A quote that is never closed stays as it is.
  const plain = value.replace(/"(?:[^"\\]|\\.)*("?)/g, (all, end) => (end === '' ? all : '""'))
  return /(?:^|,)\s*basic(?=[\s,]|$)/i.test(plain)
}
