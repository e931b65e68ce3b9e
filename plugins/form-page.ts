/** Which page of ours a form stands on: where to send somebody whose POST was refused, and who needs the form again. Owns that one question. */
import type { FastifyRequest } from 'fastify'

/** Path and query of the nearest page above that can be opened: of a GET the page itself. The query holds the way the person is on. */
export function formPage(request: FastifyRequest): string {
  const { path: asked, query } = request.exchange.target
  let path = asked
  let url = request.routeOptions.url ?? ''
  while (request.method !== 'GET' && url !== '' && !request.server.hasRoute({ method: 'GET', url })) {
    url = url.slice(0, url.lastIndexOf('/'))
    path = path.slice(0, path.lastIndexOf('/'))
  }
  return url === '' ? '/.factorgate/' : path + query
}
