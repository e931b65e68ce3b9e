/** Finds the page of a form, for the return after a refused POST. */
import type { IncomingHttpHeaders } from 'node:http'
import type { FastifyRequest } from 'fastify'

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

const late = 'undone'
const lateEnd = new RegExp(`[?&]${late}$`)

/** The page of the request. After a form that needs a fresh proof its address says that nothing was done, since the proof may seem to have done it. */
export function pageAfterProof(request: FastifyRequest): string {
  const page = formPage(request).replace(lateEnd, '')
  const isSaid = request.method === 'GET' ? lateEnd.test(request.exchange.target.query) : needsFreshProof(request)
  if (!isSaid || !isFromOwnPage(request.raw.headers)) return page
  return `${page}${page.includes('?') ? '&' : '?'}${late}`
}

/** True at such an address. A link in a mail, or on another site, says nothing, otherwise it could talk people into what it leads to. */
export function saysNothingDone(request: FastifyRequest): boolean {
  const { method, raw, exchange } = request
  return (
    method === 'GET' && needsFreshProof(request) && lateEnd.test(exchange.target.query) && isFromOwnPage(raw.headers)
  )
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
