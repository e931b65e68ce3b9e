/** Finds the page of a form, for the return after a refused POST. */
import type { IncomingHttpHeaders } from 'node:http'
import type { FastifyRequest } from 'fastify'
import { readNonce } from './cookies.ts'

/** Path and query of the nearest page above the form's path; for a GET, its own. */
export function formPage(request: FastifyRequest): string {
  const { path: requested, query } = request.exchange.target
  let path = requested
  let url = request.routeOptions.url ?? ''
  while (request.method !== 'GET' && url !== '' && !request.server.hasRoute({ method: 'GET', url })) {
    url = url.slice(0, url.lastIndexOf('/'))
    path = path.slice(0, path.lastIndexOf('/'))
  }
  return url === '' ? '/.factorgate/' : path + query
}

/** page.js takes it away, with the 43 characters of the mark. */
const lateEnd = /[?&]undone=([\w-]*)$/

/**
 * The page of the request. After a form that needs a fresh proof its address says that nothing was done, since the proof may seem to have done it. The
 * address has a mark of this browser and page: a link in a mail, or on another site, would otherwise talk people into what it leads to.
 */
export function pageAfterProof(request: FastifyRequest): string {
  const page = formPage(request).replace(lateEnd, '')
  const isSaid =
    request.method === 'GET' ? saysNothingDone(request) : needsFreshProof(request) && isFromOwnPage(request.raw.headers)
  const subject = isSaid ? subjectOf(request, page) : null
  if (subject === null) return page
  return `${page}${page.includes('?') ? '&' : '?'}undone=${request.server.portal.keyring().mac(purpose, subject)}`
}

/** True at such an address, also after a proof at an institution, which leads here as a link elsewhere does. */
export function saysNothingDone(request: FastifyRequest): boolean {
  const { method, exchange, server } = request
  const mark = lateEnd.exec(exchange.target.query)?.[1]
  if (mark === undefined || method !== 'GET' || !needsFreshProof(request)) return false
  const subject = subjectOf(request, formPage(request).replace(lateEnd, ''))
  return subject !== null && server.portal.keyring().verifyMac(purpose, subject, mark)
}

const purpose = 'undone'

/** Null without the cookie that forms need. */
function subjectOf({ exchange, raw }: FastifyRequest, page: string): string | null {
  const { site } = exchange.match
  const nonce = site === null ? null : readNonce(raw.headers.cookie, site)
  return nonce === null ? null : `${nonce} ${page}`
}

function isFromOwnPage(headers: IncomingHttpHeaders): boolean {
  const site = headers['sec-fetch-site']
  return site === undefined || site === 'same-origin'
}

/** True if a form of this page is carried out only with a fresh proof. */
function needsFreshProof({ routeOptions }: FastifyRequest): boolean {
  const { requires } = routeOptions.config
  return requires === 'fresh' || requires === 'fresh-anywhere' || requires === 'console'
}
