/** The answer to a request for an app that needs the person's login there: a redirect to the page that asks for it, a page with a link, or the address. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import { askOfKept, isRead, type Message, returnTo } from '../src/apps/return-to.ts'
import type { App, Site } from '../src/apps/route-table.ts'
import { describeError, GateError } from '../src/errors.ts'
import type { LoginRefusal } from '../src/forwarding/login-refusal.ts'
import type { Permit } from '../src/policy/decision.ts'
import { acceptsPage, wantsPage } from '../src/request/wants-page.ts'
import { queryOfReturnTo, stepUrl } from './challenge-url.ts'
import { errorBody } from './error-body.ts'
import { keptPath } from './kept-posts.ts'

export interface LoginChallengeOptions {
  readonly portalOrigin: string
  readonly maxUrlLength: number
}

/** The page's address under `/.factorgate/`. */
export const loginPage = (appId: string) => `account/logins/${appId}`

interface Judged {
  readonly app: App
  readonly site: Site
  readonly message: Message
  /** Path and query as they came. */
  readonly raw: string
}

export function loginUrl(
  request: FastifyRequest,
  reply: FastifyReply,
  { app, site, message, raw }: Judged,
  setsNonce: boolean,
  { portalOrigin, maxUrlLength }: LoginChallengeOptions
): string {
  const post = request.exchange.resent?.post ?? null
  // A kept POST goes on waiting, and its page sends it.
  const back =
    post === null
      ? returnTo(message, raw, site, app, 'sign_in_required')
      : { rd: site.origin + keptPath(post.id), ask: askOfKept(post) }
  const query = queryOfReturnTo(back)
  const front = `${site.origin}${app.prefix}/`
  return stepUrl(request, reply, loginPage(app.id), query, { portalOrigin, maxUrlLength, site, front, setsNonce })
}

/** For a request in line. The app has got no byte of it, or has refused it; nothing is written to the client yet. */
export function challengeLogin(
  request: FastifyRequest,
  reply: FastifyReply,
  code: LoginRefusal,
  options: LoginChallengeOptions
): void {
  const { exchange, raw } = request
  const { match } = exchange
  if (match.kind !== 'app') throw new GateError('internal')
  const isPage = !exchange.hasToken && wantsPage(raw)
  const isRedirected = isPage && isRead(raw.method)
  // A service worker could not follow the redirect, so it gets a page.
  const showsPage = !exchange.hasToken && (isPage || acceptsPage(raw))
  const judged = { app: match.app, site: match.site, message: raw, raw: exchange.target.raw }
  const url = loginUrl(request, reply, judged, showsPage && isRead(raw.method), options)
  if (showsPage && !isRedirected) {
    reply.send(new GateError(code, { continueUrl: url }))
    return
  }
  reply.header('cache-control', 'no-store').header('vary', 'Cookie').header('factorgate-error', code)
  // Otherwise the unread body would be parsed as the next request.
  if (!raw.complete) reply.header('connection', 'close')
  if (isRedirected) reply.redirect(url, 302)
  else reply.code(describeError(code).status).send(errorBody(code, url))
}

/** A page that anybody may open needs no login, unless the app says so. */
export function isPublic({ policy }: App, { rule }: Permit): boolean {
  return policy.rules[rule]?.outcome.access === 'public'
}
