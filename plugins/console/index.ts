/**
 * The operators' console: pages under `/.factorgate/admin/` on the portal's host, in the portal's scope with its guards. The pages are
 * loaded with the first request for one, so that a gate starts as fast as without them.
 */
import type { FastifyInstance } from 'fastify'
import { GateError } from '../../src/errors.ts'
import type { ConsoleOptions } from './options.ts'
import { routes } from './page-scope.ts'

export type { ConfigurationStatus, ConsoleOptions, OpenConnections, PeopleSource } from './options.ts'

/** For `extensions` of the portal. `load` is called with the first page. */
export function consolePages(load: () => Promise<ConsoleOptions>): (scope: FastifyInstance) => void {
  type Handlers = ReturnType<typeof import('./pages.ts')['handlersOf']>
  let loading: Promise<Handlers> | undefined
  const handlers = () => {
    loading ??= Promise.all([import('./pages.ts'), load()])
      .then(([{ handlersOf }, options]) => handlersOf(options))
      .catch(error => {
        loading = undefined
        throw error
      })
    return loading
  }
  return scope => {
    for (const { method, path: url, config, bodyLimit } of routes)
      scope.route({
        method,
        url,
        config,
        ...(bodyLimit === undefined ? {} : { bodyLimit }),
        handler: async (request, reply) => {
          const found = (await handlers()).get(`${method} ${url}`)
          if (found === undefined) throw new GateError('not_found')
          return found.handler(request, reply)
        }
      })
  }
}
