/**
 * What people send us: short forms, and JSON for passkeys. Owns the checks that stand before every POST (kind of content, origin,
 * CSRF) and the strict reading of fields: a field is one string or absent, never a list or an object (THREATS R9-R12, M2).
 */
import { PassThrough, type Readable } from 'node:stream'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { GateError } from '../../src/errors.ts'
import { csrfSubject, giveNonce, type PageContext, strangersSubject } from './page-context.ts'

/** The most a page of ours takes; a passkey's answer is about a kilobyte. */
export const bodyLimit = 16 * 1024
/** The longest a page of ours waits for it (THREATS D4); uploads go to apps, which have no such limit. */
export const bodyTimeoutMs = 20_000

const formType = /^application\/x-www-form-urlencoded(?: ?; ?charset=utf-8)?$/i
const jsonType = /^application\/json(?: ?; ?charset=utf-8)?$/i

declare module 'fastify' {
  interface FastifyContextConfig {
    /** What a POST route takes: a form, unless it says JSON. */
    takes?: 'json'
  }
}

/** Fields of a form; what was sent twice is absent. */
export interface Form {
  /** The text of a field; empty where it is absent. */
  field(name: string): string
}

class Fields implements Form {
  readonly #values: URLSearchParams

  constructor(text: string) {
    this.#values = new URLSearchParams(text)
  }

  field(name: string): string {
    const values = this.#values.getAll(name)
    return values.length === 1 ? (values[0] as string) : ''
  }
}

/** Puts the parsers and the checks before every POST of this scope. */
export function guardForms(scope: FastifyInstance): void {
  scope.removeAllContentTypeParsers()
  scope.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'string', bodyLimit },
    (_request, body, done) => done(null, new Fields(body as string))
  )
  scope.addContentTypeParser('application/json', { parseAs: 'string', bodyLimit }, (_request, body, done) => {
    try {
      done(null, JSON.parse(body as string))
    } catch (cause) {
      done(new GateError('bad_request', { cause }))
    }
  })
  scope.addHook('onRequest', (request, _reply, done) => {
    if (request.method !== 'POST') return done()
    const kind = request.routeOptions.config.takes === 'json' ? jsonType : formType
    if (!kind.test(request.raw.headers['content-type'] ?? '')) return done(new GateError('unsupported_media_type'))
    if (!isFromOurselves(request)) return done(new GateError('foreign_origin'))
    done()
  })
  scope.addHook('preParsing', (request, _reply, body, done) =>
    request.method === 'POST' ? done(null, inTime(body as Readable)) : done()
  )
}

/** The body, or an error where it does not arrive in time: a byte every five seconds would hold a place for ever. */
function inTime(body: Readable): Readable {
  const limited = new PassThrough()
  const timer = setTimeout(() => limited.destroy(new GateError('body_too_slow')), bodyTimeoutMs)
  timer.unref()
  // What is refused before it is read has no other listener.
  limited.on('error', () => {})
  limited.on('close', () => {
    clearTimeout(timer)
    body.unpipe(limited)
  })
  body.on('error', error => limited.destroy(error))
  return body.pipe(limited)
}

/** Browsers say where a POST comes from (Fetch Metadata, `Origin`); whoever says nothing still needs the CSRF token (THREATS R17). */
function isFromOurselves(request: FastifyRequest): boolean {
  const { origin, 'sec-fetch-site': fetchSite } = request.raw.headers
  if (origin !== undefined && origin !== request.exchange.match.site?.origin) return false
  return fetchSite === undefined || fetchSite === 'same-origin' || fetchSite === 'none'
}

/** The form of this request, or `expired` where its token is not for this browser and session: nothing may be done then. */
export function readForm(page: PageContext): Form | 'expired' {
  const form = staleForm(page)
  return isBound(page, form.field('csrf')) ? form : 'expired'
}

/** What a form held whose token is not good any more: for showing it again, and for nothing else. */
export function staleForm(page: PageContext): Form {
  const { body } = page.request
  return body instanceof Fields ? body : new Fields('')
}

/** The form of this request; an expired one is refused. */
export function requireForm(page: PageContext): Form {
  const form = readForm(page)
  if (form === 'expired') throw new GateError('form_expired')
  return form
}

/** The JSON object of this request, its `csrf` not checked yet. */
export function readJson(page: PageContext): Readonly<Record<string, unknown>> & { readonly csrf: string } {
  const { body } = page.request
  if (typeof body !== 'object' || body === null || Array.isArray(body)) throw new GateError('bad_request')
  const { csrf } = body as Record<string, unknown>
  if (typeof csrf !== 'string') throw new GateError('bad_request')
  return { ...body, csrf }
}

/** Refuses JSON whose `csrf` is not good for this request. */
export function requireJson(page: PageContext): void {
  if (!isBound(page, readJson(page).csrf)) throw new GateError('form_expired')
}

function isBound(page: PageContext, token: string): boolean {
  // A page of ours was shown before, and set the nonce. Without it the browser keeps no cookies, or has lost them since.
  if (page.nonce === null) throw new GateError('cookies_off')
  const [own = '', at = '', ours = ''] = token.split('.')
  const keyring = page.portal.keyring()
  if (own !== '' && keyring.verifyMac('csrf', csrfSubject(page), own)) return true
  return isStrangersOwn(page, at) && keyring.verifyMac('csrf', strangersSubject(page, at), ours)
}

/** How long a sign-in form of a tab that lost its nonce to another tab is good. */
const strangerSeconds = 3600

/**
 * Several tabs that are opened at once overwrite each other's nonce, and the sign-in form of each but the last would be refused. A stranger's
 * form is good without it where the browser itself says that it comes from a page of this origin, and all pages of this origin are
 * ours: a site that would sign people in as somebody else cannot say so (THREATS R17).
 */
function isStrangersOwn({ principal, request, portal, now }: PageContext, at: string): boolean {
  const { origin, 'sec-fetch-site': fetchSite } = request.raw.headers
  // The hook above has compared `Origin` with ours.
  const isVouched = fetchSite === 'same-origin' || (fetchSite === undefined && origin !== undefined)
  const age = now / 1000 - Number.parseInt(at, 36)
  return principal === null && portal.isAlone === true && isVouched && age >= -60 && age <= strangerSeconds
}

/**
 * The page context with a new nonce, where a form came without any: to show it again. Null where one came. The second time in a row the browser
 * keeps no cookies, and hears so.
 */
export function lostCookie<Page extends PageContext>(page: Page): Page | null {
  if (page.nonce !== null) return null
  if (staleForm(page).field('retry') !== '') throw new GateError('cookies_off')
  const nonce = giveNonce(page.reply, page.site)
  page.reply.header('factorgate-error', 'cookies_off')
  return { ...page, nonce, isRetry: true }
}
