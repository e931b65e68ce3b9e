/** Finds the page of a form, for the return after a refused POST. */
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

/** True if a form of this page is carried out only with a fresh proof. */
export function needsFreshProof({ routeOptions }: FastifyRequest): boolean {
  const { requires } = routeOptions.config
  return requires === 'fresh' || requires === 'fresh-anywhere' || requires === 'console'
}
