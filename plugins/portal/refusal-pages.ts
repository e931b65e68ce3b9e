/** Pages in the place of an answer: refusals, and in a frame also steps of a flow, with one link that opens the whole window. */
import type { FastifyRequest } from 'fastify'
import type { Clock } from '../../src/clock.ts'
import type { RefusalPage, RenderRefusal } from '../error-body.ts'
import { formPage } from '../form-page.ts'
import { pageSheet } from './assets.ts'
import { renderError } from './error-page.tsx'
import { framedWhat, renderFramed, renderFramedError } from './framed-page.tsx'
import { pageHeaders } from './headers.ts'
import { messagesFor } from './language.ts'
import type { Branding } from './options.ts'
import { personOf } from './page-context.ts'

export function errorPages(
  branding: Branding & { readonly portalOrigin: string },
  frameHeaders: () => Record<string, string>,
  clock: Clock
): RenderRefusal {
  const framedStep = framedSteps(branding, frameHeaders)
  return ({ code, request, retryAfterSeconds, continueUrl, words, isFramed }) => {
    const { match, target, principal } = request.exchange.known
    const { judged } = request.exchange
    const app = judged?.app ?? (match?.kind === 'app' ? match.app : null)
    const method = judged?.method ?? request.method
    // A link to `//x/` would lead to another host; `/.//x/` leads to the requested path (URL Standard, "dot segments").
    const raw = (judged?.raw ?? target?.raw)?.replace(/^\/(?=[/\\])/, '/./')
    const isGet = method === 'GET'
    // A form of the portal can be opened again; a form of an app may not be safe to send twice.
    const page = judged === null && match?.kind === 'own' && !request.is404 ? formPage(request) : null
    const say = messagesFor(branding, request)
    const isForeign = request.headers['sec-fetch-site'] === 'cross-site'
    const unsent =
      app === null || continueUrl === undefined || isGet || method === 'HEAD' || retryAfterSeconds !== undefined
        ? null
        : { href: isForeign ? `${app.origin}${app.prefix}/` : continueUrl, isForeign }
    // A page of the portal in a frame is no error: the frame gets a link that opens the whole window.
    if (isFramed && match?.kind === 'own' && code === 'foreign_origin') return framedStep(request)
    const context = {
      ...branding,
      reference: request.exchange.id,
      appTitle: app?.title,
      maintenance: app?.maintenance,
      now: clock(),
      again: continueUrl ?? (isGet ? raw : page),
      unsent,
      address: app !== null && isGet ? app.origin + (judged?.raw ?? target?.raw) : null,
      front: app === null ? null : `${app.prefix}/`,
      back: isGet ? undefined : (page ?? (app === null ? '/.factorgate/' : `${app.prefix}/`)),
      query: page === null ? '' : target?.query,
      signIn: continueUrl,
      // The suspension has just ended the session, and links for signed-in people would lead nowhere.
      person: principal && code !== 'account_suspended' ? personOf(principal) : null,
      retryAfterSeconds,
      words,
      standsAlone: match?.site === null,
      say
    }
    if (!isFramed) {
      const sheet = context.standsAlone ? pageSheet(branding.accent) : null
      return { html: renderError(code, context), headers: pageHeaders([], sheet) }
    }
    return {
      html: renderFramedError(code, context, wholeAddress(request, branding.portalOrigin)),
      headers: frameHeaders()
    }
  }
}

export function framedSteps(
  branding: Branding & { readonly portalOrigin: string },
  frameHeaders: () => Record<string, string>
): (request: FastifyRequest) => RefusalPage {
  return request => ({
    html: renderFramed(
      framedWhat(ownPath(request)),
      wholeAddress(request, branding.portalOrigin),
      branding,
      messagesFor(branding, request)
    ),
    headers: frameHeaders()
  })
}

/** The path without `/.factorgate` and the query. */
function ownPath({ exchange }: FastifyRequest): string {
  const { match } = exchange.known
  return match?.kind === 'own' ? match.path.replace(/\?.*/s, '') : ''
}

/** For a link in a frame. For a form it is the form's page, or the app's front page. */
function wholeAddress(request: FastifyRequest, portalOrigin: string): string {
  const { match, target } = request.exchange.known
  const { judged } = request.exchange
  if (judged !== null) return judged.app.origin + (judged.method === 'GET' ? judged.raw : `${judged.app.prefix}/`)
  const site = match?.site
  if (site == null || target === undefined) return `${portalOrigin}/.factorgate/`
  if (match?.kind === 'own') return site.origin + (request.is404 ? target.raw : formPage(request))
  if (request.method === 'GET') return site.origin + target.raw
  return `${site.origin}${match?.kind === 'app' ? match.app.prefix : ''}/`
}
