/**
 * A form that is pressed twice is answered once (FIELD G6). The browser forgets the answer to its first press and may never store the new token in it,
 * while the code is spent and the old token dead. So for a moment the same form of the same browser gets the same cookies again.
 * Owns that moment, in this process alone; refuses any other body, nonce, token or session: it is no second use of a code.
 */
import { createHash } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { tokenDigest } from '../../src/ids.ts'
import { readOwn } from '../cookies.ts'
import { formPage } from '../form-page.ts'
import { staleForm } from './forms.ts'
import type { PortalOptions } from './options.ts'
import { type AuthenticatedContext, isSigned, openContext, type PageContext } from './page-context.ts'
import { withReturnTo } from './return-to.ts'

interface Answer {
  readonly cookies: readonly string[]
  /** Of the first press: the session, and the digest of the token it came with. */
  readonly session: string
  readonly token: string
}

const keptMs = 20_000
const mostKept = 1000

/** Of each portal: what was answered lately, or is being answered. */
const answers = new WeakMap<PortalOptions, Map<string, { at: number; answer: Promise<Answer | null> }>>()

/** Does the work of a form, or answers a repetition of it. Whoever is nobody and repeats nothing signs in first, on the same way. */
export async function answerOnce(
  options: PortalOptions,
  request: FastifyRequest,
  reply: FastifyReply,
  work: (visit: AuthenticatedContext) => Promise<FastifyReply>
): Promise<FastifyReply> {
  const visit = openContext(options, request, reply)
  const kept = answers.get(options) ?? new Map<string, { at: number; answer: Promise<Answer | null> }>()
  answers.set(options, kept)
  const key = keyOf(visit)
  const known = kept.get(key)
  const answer = known !== undefined && visit.now - known.at < keptMs ? await known.answer : null
  if (answer !== null && isSame(visit, answer)) {
    for (const cookie of answer.cookies) reply.header('set-cookie', cookie)
    // No second success, so no 303: one code opens one session once (THREATS M9). The next page knows where the way leads by now.
    reply.header('cache-control', 'no-store').header('vary', 'Cookie')
    return reply.redirect(withReturnTo('/.factorgate/challenge', visit.trip), 302)
  }
  if (!isSigned(visit)) {
    const trip = visit.trip.rd === null ? { rd: options.portalOrigin + formPage(request), state: null } : visit.trip
    reply.header('cache-control', 'no-store').header('factorgate-error', 'sign_in_required')
    return reply.redirect(options.portalOrigin + withReturnTo('/.factorgate/login', trip), 302)
  }
  const { principal } = visit
  let tell: (answer: Answer | null) => void = () => {}
  const promise = new Promise<Answer | null>(resolve => {
    tell = resolve
  })
  for (const [old, { at }] of kept) if (visit.now - at >= keptMs || kept.size > mostKept) kept.delete(old)
  kept.set(key, { at: visit.now, answer: promise })
  let made: Answer | null = null
  try {
    const answered = await work(visit)
    const cookies = [reply.getHeader('set-cookie') ?? []].flat().map(String)
    if (reply.statusCode === 303 && cookies.length > 0)
      made = { cookies, session: principal.session.id, token: principal.csrfKey }
    return answered
  } finally {
    if (made === null) kept.delete(key)
    tell(made)
  }
}

/** This very form with what was typed into it, of this very browser: its token is made of the nonce and the session's token. */
function keyOf(visit: PageContext): string {
  const form = staleForm(visit)
  const parts = [visit.nonce ?? '', visit.request.exchange.target.raw, form.field('csrf'), form.field('code')]
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64url')
}

/** The token of the first press, or already the session that came of it. */
function isSame({ principal, request, site }: PageContext, { session, token }: Answer): boolean {
  if (principal !== null) return principal.session.id === session
  const sent = readOwn(request.raw.headers.cookie, 'session', site)
  return sent !== null && tokenDigest(sent) === token
}
