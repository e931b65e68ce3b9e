/**
 * The context of a request for a page: person, place and target. A hook makes it before each handler, and gives a new browser its nonce.
 * While the store cannot identify the person, there is no context and no page.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { JSX } from 'preact'
import type { Site } from '../../src/apps/route-table.ts'
import { GateError, notAccepted } from '../../src/errors.ts'
import type { Institution } from '../../src/identity/institution.ts'
import { isToken, newToken } from '../../src/ids.ts'
import type { Device } from '../../src/session/session.ts'
import type { Principal } from '../../src/session/sessions.ts'
import type { Caller, SignedCaller } from '../../src/sign-in/caller.ts'
import { nonceCookie, readNonce, readOwn, readOwnNonce } from '../cookies.ts'
import { hasProof } from '../device-port.ts'
import { formPage, saysNothingDone } from '../form-page.ts'
import { deviceCookieOf } from './device-cookie.ts'
import { pageHeaders } from './headers.ts'
import { messagesFor } from './language.ts'
import { type Frame, toHtml } from './layout.tsx'
import type { Messages } from './messages/messages.ts'
import type { PortalOptions } from './options.ts'
import { type ReturnTo, returnToOf } from './return-to.ts'

export interface PageContext {
  readonly portal: PortalOptions
  readonly request: FastifyRequest
  readonly reply: FastifyReply
  readonly site: Site
  readonly principal: Principal | null
  /** Null on a POST without the cookie, and for data. */
  readonly nonce: string | null
  readonly returnTo: ReturnTo
  readonly now: number
  readonly address: string
  readonly browser: string | null
  readonly device: Device
  readonly say: Messages
  /** A form without the nonce is shown again. The next time the answer is `cookies_off`. */
  readonly isRetry?: boolean
}

export type AuthenticatedContext = PageContext & { readonly principal: Principal }

declare module 'fastify' {
  interface FastifyRequest {
    /** It exists on pages of the portal, after the body is read. */
    page: PageContext
  }
  interface FastifyInstance {
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
  // Data has no form, and a shared cache may keep it and give its cookie to everybody (THREATS R15).
  const isPage = isGet && request.routeOptions.config.isData !== true
  let nonce = isGet ? readOwnNonce(cookie, match.site) : readNonce(cookie, match.site)
  if (nonce === null && isPage) nonce = giveNonce(reply, match.site)
  return {
    portal,
    request,
    reply,
    site: match.site,
    principal,
    nonce,
    returnTo: returnToOf(request.query, portal.returnTargets),
    now: portal.clock(),
    address: client.address,
    browser: deviceCookieOf(cookie, match.site),
    device: { userAgent: (request.raw.headers['user-agent'] ?? '').slice(0, 256), address: client.address },
    say: messagesFor(portal, request)
  }
}

export function giveNonce(reply: FastifyReply, site: Site): string {
  const nonce = newToken()
  reply.header('set-cookie', nonceCookie(nonce, site))
  return nonce
}

/** Handlers find it as `request.page`. */
export function addPageContext(scope: FastifyInstance): void {
  scope.decorateRequest('page')
  scope.addHook('preHandler', async (request, reply) => {
    request.page = makeContext(request, reply)
  })
}

/** The context of a route that requires a person. Throws without one, which would be a bug. */
export function signedPage({ page }: FastifyRequest): AuthenticatedContext {
  if (!isSigned(page)) throw new GateError('sign_in_required')
  return page
}

export function callerOf(page: AuthenticatedContext): SignedCaller
export function callerOf(page: PageContext): Caller
export function callerOf(page: PageContext): Caller {
  const { portal, request, now, address, browser, device, site, principal, returnTo } = page
  const asked = readOwn(request.raw.headers.cookie, 'asked', site)
  const asker = asked !== null && isToken(asked) ? asked : null
  const { id, stale } = request.exchange
  const hasDeviceProof = hasProof(portal.device, principal, request.raw.headers.cookie, site)
  return {
    request: id,
    now,
    address,
    browser,
    asker,
    device,
    host: site.host,
    principal,
    stale,
    hasDeviceProof,
    returnTo
  }
}

export function isSigned(page: PageContext): page is AuthenticatedContext {
  return page.principal !== null
}

/** A form is bound to this browser and its present token, so a sign-in invalidates it (THREATS R12). */
export function csrfSubject(page: Pick<PageContext, 'nonce' | 'principal'>): string {
  return `${page.nonce ?? ''}.${page.principal?.csrfKey ?? '-'}`
}

/** What the masthead shows. */
export function personOf({ account, isFullySignedIn }: Principal): NonNullable<Frame['person']> {
  return { displayName: account.displayName, isHalf: !isFullySignedIn }
}

export function frameOf(page: PageContext): Frame {
  const { portal, principal, site, say } = page
  return {
    look: portal,
    say,
    person: principal === null ? null : personOf(principal),
    returnTo: page.returnTo,
    base: site.isPortal ? '' : portal.portalOrigin,
    csrf: csrfToken(page),
    isRetry: page.isRetry === true,
    isUndone: saysNothingDone(page.request),
    back: page.request.method === 'GET' ? undefined : formPage(page.request)
  }
}

function csrfToken(page: PageContext): string {
  const keyring = page.portal.keyring()
  const token = keyring.mac('csrf', csrfSubject(page))
  if (page.principal !== null || !page.site.isPortal) return token
  const at = Math.floor(page.now / 1000).toString(36)
  return `${token}.${at}.${keyring.mac('csrf', strangersSubject(page, at))}`
}

/** The sign-in form is also bound to this host and the time. */
export function strangersSubject({ site }: PageContext, at: string): string {
  return `stranger:${site.host}:${at}`
}

const expired = new WeakSet<FastifyRequest>()

/** The form belongs to another browser or session. A refusal on a page says so to programs. */
export function noteExpired({ request }: PageContext): void {
  expired.add(request)
}

/** Refusals on pages carry a code, as all others do, so that people and programs can tell whose they are. */
function nameRefusal({ reply, request }: PageContext, status: number): void {
  if (status < 400 || reply.hasHeader('factorgate-error')) return
  reply.header('factorgate-error', expired.has(request) ? 'form_expired' : notAccepted)
}

/** Its forms may lead only to `formTarget`, to the person's target and to the institution of a sign-out. */
export function sendPage(page: PageContext, status: number, content: JSX.Element, formTarget?: string): FastifyReply {
  const { rd } = page.returnTo
  const origin = rd === null ? null : new URL(rd).origin
  nameRefusal(page, status)
  const target = formTarget === undefined ? null : policySource(formTarget)
  const origins = [origin, signOutOriginOf(page), target].filter(each => each !== page.site.origin)
  return page.reply
    .code(status)
    .headers(pageHeaders(origins.filter(each => each !== null)))
    .type('text/html; charset=utf-8')
    .send(toHtml(content))
}

/** An address in a content security policy: without query, and without a path that would need escapes (CSP3 §2.3.1). */
function policySource(url: string): string {
  const { origin, pathname } = new URL(url)
  return /^[A-Za-z0-9._~/-]*$/.test(pathname) ? origin + pathname : origin
}

/** The origin of the institution's sign-out, if any. */
export function signOutOriginOf({ principal, portal, now }: PageContext): string | null {
  const institution: Institution | undefined =
    principal === null ? undefined : portal.directories.institution(principal.account.directory)
  return institution?.signOutOrigin?.(now) ?? null
}

/** 303, so that the browser uses GET and sends nothing twice. */
export function goTo(page: PageContext, url: string): FastifyReply {
  return page.reply.header('cache-control', 'no-store').header('vary', 'Cookie').redirect(url, 303)
}
