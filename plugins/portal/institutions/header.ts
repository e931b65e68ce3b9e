/** The route of a trusted header: the proxy in front has signed the person in before the request arrives. */
import type { FastifyInstance } from 'fastify'
import type { HeaderInstitution } from '../../../src/identity/header.ts'
import { arrive } from './arrive.ts'

export function registerHeader(scope: FastifyInstance, institution: HeaderInstitution): void {
  scope.get(
    `/.factorgate/login/${institution.source.id}`,
    { config: { requires: 'anyone', isStep: true } },
    async request => {
      const { peer } = request.exchange.client
      return arrive(request.page, institution, institution.read({ peer, rawHeaders: request.raw.rawHeaders }))
    }
  )
}
