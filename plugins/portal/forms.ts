/**
 * Forms and JSON that people send. Every POST is checked first (kind of content, origin, CSRF). A field is one string or absent, never a
 * list or an object (THREATS R9-R12, M2).
 */
import { PassThrough, type Readable } from 'node:stream'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { GateError } from '../../src/errors.ts'
import { csrfSubject, giveNonce, noteExpired, type PageContext, strangersSubject } from './page-context.ts'

/** A passkey's answer has about a kilobyte. */
const maxFormBytes = 16 * 1024
/** The longest wait for a body (THREATS D4). Uploads go to apps, which have no such limit. */
export const bodyTimeoutMs = 20_000

const formType = /^application\/x-www-form-urlencoded(?: ?; ?charset=utf-8)?$/i
const jsonType = /^application\/json(?: ?; ?charset=utf-8)?$/i

declare module 'fastify' {
  interface FastifyContextConfig {
    /** A form by default. `foreign-form`: another site or a server sends it without a token, and the route checks its signature. `nothing`: no body. */
    takes?: 'json' | 'foreign-form' | 'nothing'
  }
}

/** A field that was sent twice counts as absent. */
export interface Form {
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

export function guardForms(scope: FastifyInstance): void {
  scope.removeAllContentTypeParsers()
  scope.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'string', bodyLimit: maxFormBytes },
    (_request, body, done) => done(null, new Fields(body as string))
  )
  scope.addContentTypeParser(
    'application/json',
    { parseAs: 'string', bodyLimit: maxFormBytes },
    (_request, body, done) => {
      try {
        done(null, JSON.parse(body as string))
      } catch (cause) {
        done(new GateError('bad_request', { cause }))
      }
    }
  )
  scope.addHook('onRequest', (request, _reply, done) => {
    if (request.method !== 'POST') return done()
    const { takes } = request.routeOptions.config
    const kind = takes === 'json' ? jsonType : formType
    if (takes !== 'nothing' && !kind.test(request.raw.headers['content-type'] ?? ''))
      return done(new GateError('unsupported_media_type'))
    if (takes !== 'foreign-form' && !isFromOurselves(request)) return done(new GateError('foreign_origin'))
    done()
  })
  scope.addHook('preParsing', (request, _reply, body, done) =>
    request.method === 'POST' ? done(null, inTime(body as Readable)) : done()
  )
}

/** An error if it is late, otherwise a slow client could keep a connection for ever. */
function inTime(body: Readable): Readable {
  const limited = new PassThrough()
  const timer = setTimeout(() => limited.destroy(new GateError('body_too_slow')), bodyTimeoutMs)
  timer.unref()
  // A request refused unread has no other listener.
  limited.on('error', () => {})
  limited.on('close', () => {
    clearTimeout(timer)
    body.unpipe(limited)
  })
  body.on('error', error => limited.destroy(error))
  return body.pipe(limited)
}

/** Browsers declare the origin of a POST (Fetch Metadata, `Origin`). Other clients still need the CSRF token (THREATS R17). */
function isFromOurselves(request: FastifyRequest): boolean {
  const { origin, 'sec-fetch-site': fetchSite } = request.raw.headers
  if (origin !== undefined && origin !== request.exchange.match.site?.origin) return false
  return fetchSite === undefined || fetchSite === 'same-origin' || fetchSite === 'none'
}

/** `expired` if the token belongs to another browser or session: then nothing may be done. */
export function readForm(page: PageContext): Form | 'expired' {
  const form = staleForm(page)
  if (isBound(page, form.field('csrf'))) return form
  noteExpired(page)
  return 'expired'
}

/** A form with a perhaps invalid token: its fields may only be shown again. A `foreign-form` has a signature instead. */
export function staleForm(page: PageContext): Form {
  const { body } = page.request
  return body instanceof Fields ? body : new Fields('')
}

export function requireForm(page: PageContext): Form {
  const form = readForm(page)
  if (form === 'expired') throw new GateError('form_expired')
  return form
}

/** Does not check `csrf`. */
export function readJson(page: PageContext): Readonly<Record<string, unknown>> & { readonly csrf: string } {
  const { body } = page.request
  if (typeof body !== 'object' || body === null || Array.isArray(body)) throw new GateError('bad_request')
  const { csrf } = body as Record<string, unknown>
  if (typeof csrf !== 'string') throw new GateError('bad_request')
  return { ...body, csrf }
}

/** Throws for an invalid `csrf`. */
export function requireJson(page: PageContext): void {
  if (!isBound(page, readJson(page).csrf)) throw new GateError('form_expired')
}

function isBound(page: PageContext, token: string): boolean {
  // The form's page has set the nonce, so this browser keeps no cookies.
  if (page.nonce === null) throw new GateError('cookies_off')
  const [own = '', at = '', ours = ''] = token.split('.')
  const keyring = page.portal.keyring()
  if (own !== '' && keyring.verifyMac('csrf', csrfSubject(page), own)) return true
  return isStrangersOwn(page, at) && keyring.verifyMac('csrf', strangersSubject(page, at), ours)
}

/** The maximum age of such a form. */
const strangerSeconds = 3600

/**
 * Parallel tabs overwrite each other's nonce. Their sign-in forms are accepted if nobody is signed in, the browser declares this origin,
 * and only the gate has pages on it. Another site, which could sign people in with a wrong account, cannot declare it (THREATS R17).
 */
function isStrangersOwn({ principal, request, portal, now }: PageContext, at: string): boolean {
  const { origin, 'sec-fetch-site': fetchSite } = request.raw.headers
  // The hook above has compared `Origin` with this site's.
  const isVouched = fetchSite === 'same-origin' || (fetchSite === undefined && origin !== undefined)
  const age = now / 1000 - Number.parseInt(at, 36)
  return principal === null && portal.isAlone === true && isVouched && age >= -60 && age <= strangerSeconds
}

/** A new nonce to show a form again that came without one; null if one came. Throws the second time, since the browser keeps no cookies. */
export function lostCookie<Page extends PageContext>(page: Page): Page | null {
  if (page.nonce !== null) return null
  if (staleForm(page).field('retry') !== '') throw new GateError('cookies_off')
  const nonce = giveNonce(page.reply, page.site)
  page.reply.header('factorgate-error', 'cookies_off')
  return { ...page, nonce, isRetry: true }
}
