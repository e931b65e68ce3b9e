/**
 * The forms and JSON that people send. Every POST is checked first (kind of content, origin, CSRF), and fields are read strictly: a field
 * is one string or absent, never a list or an object (THREATS R9-R12, M2).
 */
import { PassThrough, type Readable } from 'node:stream'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { GateError } from '../../src/errors.ts'
import { csrfSubject, giveNonce, type PageContext, strangersSubject } from './page-context.ts'

/** The largest body of the gate's own pages; a passkey's answer has about a kilobyte. */
export const bodyLimit = 16 * 1024
/** The longest wait for a body (THREATS D4). Uploads go to apps, which have no such limit. */
export const bodyTimeoutMs = 20_000

const formType = /^application\/x-www-form-urlencoded(?: ?; ?charset=utf-8)?$/i
const jsonType = /^application\/json(?: ?; ?charset=utf-8)?$/i

declare module 'fastify' {
  interface FastifyContextConfig {
    /**
     * What a POST route takes: a form by default. `foreign-form`: a form that another site or a server sends. Such a route checks a signature in it, since neither
     * its origin nor a token says anything.
     */
    takes?: 'json' | 'foreign-form'
  }
}

/** The fields of a form. A field that was sent twice counts as absent. */
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

/** Adds the parsers and the checks before every POST of this scope. */
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
    const { takes } = request.routeOptions.config
    const kind = takes === 'json' ? jsonType : formType
    if (!kind.test(request.raw.headers['content-type'] ?? '')) return done(new GateError('unsupported_media_type'))
    if (takes !== 'foreign-form' && !isFromOurselves(request)) return done(new GateError('foreign_origin'))
    done()
  })
  scope.addHook('preParsing', (request, _reply, body, done) =>
    request.method === 'POST' ? done(null, inTime(body as Readable)) : done()
  )
}

/** The body, or an error where it does not arrive in time. Otherwise a slow client could keep a connection for ever. */
function inTime(body: Readable): Readable {
  const limited = new PassThrough()
  const timer = setTimeout(() => limited.destroy(new GateError('body_too_slow')), bodyTimeoutMs)
  timer.unref()
  // A request that is refused before it is read has no other listener.
  limited.on('error', () => {})
  limited.on('close', () => {
    clearTimeout(timer)
    body.unpipe(limited)
  })
  body.on('error', error => limited.destroy(error))
  return body.pipe(limited)
}

/** Browsers say where a POST comes from (Fetch Metadata, `Origin`). A client that says nothing still needs the CSRF token (THREATS R17). */
function isFromOurselves(request: FastifyRequest): boolean {
  const { origin, 'sec-fetch-site': fetchSite } = request.raw.headers
  if (origin !== undefined && origin !== request.exchange.match.site?.origin) return false
  return fetchSite === undefined || fetchSite === 'same-origin' || fetchSite === 'none'
}

/** The form of this request, or `expired` where its token belongs to another browser or session: nothing may be done then. */
export function readForm(page: PageContext): Form | 'expired' {
  const form = staleForm(page)
  return isBound(page, form.field('csrf')) ? form : 'expired'
}

/** The fields of a form whose token may be invalid. They may only be shown again. On a route that takes a `foreign-form`, a signature vouches for them. */
export function staleForm(page: PageContext): Form {
  const { body } = page.request
  return body instanceof Fields ? body : new Fields('')
}

/** The form of this request. Throws for an expired one. */
export function requireForm(page: PageContext): Form {
  const form = readForm(page)
  if (form === 'expired') throw new GateError('form_expired')
  return form
}

/** The JSON object of this request. Its `csrf` is not checked yet. */
export function readJson(page: PageContext): Readonly<Record<string, unknown>> & { readonly csrf: string } {
  const { body } = page.request
  if (typeof body !== 'object' || body === null || Array.isArray(body)) throw new GateError('bad_request')
  const { csrf } = body as Record<string, unknown>
  if (typeof csrf !== 'string') throw new GateError('bad_request')
  return { ...body, csrf }
}

/** Throws for JSON whose `csrf` is not valid for this request. */
export function requireJson(page: PageContext): void {
  if (!isBound(page, readJson(page).csrf)) throw new GateError('form_expired')
}

function isBound(page: PageContext, token: string): boolean {
  // The page of the form has set the nonce. A browser without it keeps no cookies, or has lost them since.
  if (page.nonce === null) throw new GateError('cookies_off')
  const [own = '', at = '', ours = ''] = token.split('.')
  const keyring = page.portal.keyring()
  if (own !== '' && keyring.verifyMac('csrf', csrfSubject(page), own)) return true
  return isStrangersOwn(page, at) && keyring.verifyMac('csrf', strangersSubject(page, at), ours)
}

/** The life of a sign-in form whose nonce another tab has replaced. */
const strangerSeconds = 3600

/**
 * Tabs that are opened at once overwrite each other's nonce, so all but the last would have an invalid sign-in form. Such a form is
 * accepted where nobody is signed in, the browser says that it comes from this origin, and the origin has no pages but the gate's. Another
 * site, which could sign people in with a wrong account, cannot say so (THREATS R17).
 */
function isStrangersOwn({ principal, request, portal, now }: PageContext, at: string): boolean {
  const { origin, 'sec-fetch-site': fetchSite } = request.raw.headers
  // The hook above has compared `Origin` with this site's.
  const isVouched = fetchSite === 'same-origin' || (fetchSite === undefined && origin !== undefined)
  const age = now / 1000 - Number.parseInt(at, 36)
  return principal === null && portal.isAlone === true && isVouched && age >= -60 && age <= strangerSeconds
}

/**
 * The page context with a new nonce, to show a form again that came without one. Null where one came. Throws at the second time, since the
 * browser keeps no cookies.
 */
export function lostCookie<Page extends PageContext>(page: Page): Page | null {
  if (page.nonce !== null) return null
  if (staleForm(page).field('retry') !== '') throw new GateError('cookies_off')
  const nonce = giveNonce(page.reply, page.site)
  page.reply.header('factorgate-error', 'cookies_off')
  return { ...page, nonce, isRetry: true }
}
