/**
 * The context of a request for a page: who asks, from where, on the way to what. A hook makes it before each handler. The first page that a
 * browser asks for gives it a nonce. Where the store could not say who asks, there is no context and no page.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { JSX } from 'preact'
import type { Site } from '../../src/apps/route-table.ts'
import { GateError } from '../../src/errors.ts'
import { newToken } from '../../src/ids.ts'
import type { Device } from '../../src/session/session.ts'
import type { Principal } from '../../src/session/sessions.ts'
import type { Caller, SignedCaller } from '../../src/sign-in/caller.ts'
import { nonceCookie, readNonce, readOwnNonce } from '../cookies.ts'
import { deviceCookieOf } from './device-cookie.ts'
import { pageHeaders } from './headers.ts'
import { type Frame, toHtml } from './layout.tsx'
import { type Messages, messagesFor } from './messages/en.ts'
import type { PortalOptions } from './options.ts'
import { type ReturnTo, returnToOf } from './return-to.ts'

export interface PageContext {
  readonly portal: PortalOptions
  readonly request: FastifyRequest
  readonly reply: FastifyReply
  readonly site: Site
  readonly principal: Principal | null
  /** The browser's nonce; on a POST null where no cookie came back. */
  readonly nonce: string | null
  readonly trip: ReturnTo
  readonly now: number
  readonly address: string
  /** The mark of a known browser, where it came along. */
  readonly browser: string | null
  readonly device: Device
  readonly say: Messages
  /** True where a form came without the nonce and is shown again: the next time, cookies are off. */
  readonly isRetry?: boolean
}

/** The context of somebody whom the route lets in: the enforce step has looked at that before. */
export type AuthenticatedContext = PageContext & { readonly principal: Principal }

declare module 'fastify' {
  interface FastifyRequest {
    /** On a page of the portal, once its body is read. */
    page: PageContext
  }
  interface FastifyInstance {
    /** In the scope of the portal. */
    portal: PortalOptions
  }
}

function makeContext(request: FastifyRequest, reply: FastifyReply): PageContext {
  const { portal } = request.server
  const { exchange } = request
  const { match, principal, storeFailure, client } = exchange
  if (storeFailure !== null) throw storeFailure
  if (match.site === null) throw new GateError('misdirected')
  const { cookie } = request.raw.headers
  const isGet = request.method === 'GET'
  let nonce = isGet ? readOwnNonce(cookie, match.site) : readNonce(cookie, match.site)
  if (nonce === null && isGet) nonce = giveNonce(reply, match.site)
  return {
    portal,
    request,
    reply,
    site: match.site,
    principal,
    nonce,
    trip: returnToOf(request.query, portal.returnTargets),
    now: portal.clock(),
    address: client.address,
    browser: deviceCookieOf(cookie, match.site),
    device: { userAgent: (request.raw.headers['user-agent'] ?? '').slice(0, 256), address: client.address },
    say: messagesFor(request.raw.headers['accept-language'])
  }
}

/** A new nonce for this browser, and its cookie. */
export function giveNonce(reply: FastifyReply, site: Site): string {
  const nonce = newToken()
  reply.header('set-cookie', nonceCookie(nonce, site))
  return nonce
}

/** Makes the context of each request of this scope once its body is read: handlers find it as `request.page`. */
export function addPageContext(scope: FastifyInstance): void {
  scope.decorateRequest('page')
  scope.addHook('preHandler', async (request, reply) => {
    request.page = makeContext(request, reply)
  })
}

/** The context, for routes that require somebody. Without anybody it is a mistake of ours, and fails closed. */
export function signedPage({ page }: FastifyRequest): AuthenticatedContext {
  if (!isSigned(page)) throw new GateError('sign_in_required')
  return page
}

/** The values that the use-cases of a sign-in take. */
export function callerOf(page: AuthenticatedContext): SignedCaller
export function callerOf(page: PageContext): Caller
export function callerOf({ request, now, address, browser, device, site, principal, trip }: PageContext): Caller {
  return { request: request.exchange.id, now, address, browser, device, host: site.host, principal, way: trip }
}

export function isSigned(page: PageContext): page is AuthenticatedContext {
  return page.principal !== null
}

/** What a form is bound to: this browser, and this very token of it. A form from before a sign-in is worth nothing after (THREATS R12). */
export function csrfSubject(page: Pick<PageContext, 'nonce' | 'principal'>): string {
  return `${page.nonce ?? ''}.${page.principal?.csrfKey ?? '-'}`
}

export function frameOf(page: PageContext): Frame {
  const { portal, principal, site, say } = page
  return {
    look: portal,
    say,
    person: principal?.isFullySignedIn ? { displayName: principal.account.displayName } : null,
    base: site.isPortal ? '' : portal.portalOrigin,
    csrf: csrfToken(page),
    isRetry: page.isRetry === true
  }
}

function csrfToken(page: PageContext): string {
  const keyring = page.portal.keyring()
  const token = keyring.mac('csrf', csrfSubject(page))
  if (page.principal !== null || !page.site.isPortal) return token
  const at = Math.floor(page.now / 1000).toString(36)
  return `${token}.${at}.${keyring.mac('csrf', strangersSubject(page, at))}`
}

/** What a stranger's form says besides: that it is ours, and from when. */
export function strangersSubject({ site }: PageContext, at: string): string {
  return `stranger:${site.host}:${at}`
}

/** Sends a page. Its forms may lead on to where the person is going, and nowhere else. */
export function sendPage(page: PageContext, status: number, content: JSX.Element): FastifyReply {
  const { rd } = page.trip
  const origin = rd === null ? null : new URL(rd).origin
  return page.reply
    .code(status)
    .headers(pageHeaders(origin === page.site.origin ? null : origin))
    .type('text/html; charset=utf-8')
    .send(toHtml(content))
}

/** On to another page, after a success: the browser asks for it with GET, and nothing is sent twice. */
export function goTo(page: PageContext, url: string): FastifyReply {
  return page.reply.header('cache-control', 'no-store').header('vary', 'Cookie').redirect(url, 303)
}
