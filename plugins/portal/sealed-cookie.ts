/** A value in a cookie for the next page, sealed by the keyring and bound to the session, so that nobody else can set it. */
import { briefCookie, cookieNames, expiredCookie, readOwn } from '../cookies.ts'
import type { AuthenticatedContext } from './page-context.ts'

const kinds = {
  done: { context: 'done', seconds: 60 },
  codes: { context: 'shown-codes', seconds: 10 * 60 },
  program: { context: 'program-token', seconds: 5 * 60 },
  console: { context: 'console', seconds: 60 },
  setUp: { context: 'set-up', seconds: 30 * 60 }
} as const
type Kind = keyof typeof kinds

const contextOf = ({ principal }: AuthenticatedContext, kind: Kind) => `${kinds[kind].context}:${principal.session.id}`

export function keepSealed(page: AuthenticatedContext, kind: Kind, value: unknown): void {
  const { reply, site, portal } = page
  const sealed = portal.keyring().seal(JSON.stringify(value), contextOf(page, kind))
  const text = Buffer.from(sealed).toString('base64url')
  reply.header('set-cookie', briefCookie(cookieNames(site)[kind], text, kinds[kind].seconds, site))
}

/** Null for none. The seal proves that the gate wrote it. */
export function readSealed<Value>(page: AuthenticatedContext, kind: Kind): Value | null {
  const text = readOwn(page.request.raw.headers.cookie, kind, page.site)
  if (text === null) return null
  try {
    return JSON.parse(page.portal.keyring().open(Buffer.from(text, 'base64url').toString(), contextOf(page, kind)))
  } catch {
    return null
  }
}

export function dropSealed({ reply, site }: AuthenticatedContext, kind: Kind): void {
  reply.header('set-cookie', expiredCookie(cookieNames(site)[kind], site))
}
