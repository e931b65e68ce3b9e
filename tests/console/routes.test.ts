/** The routes that Fastify knows from the start are those that the pages name, with the same requirements. */
import t from 'tap'
import type { ConsoleOptions } from '../../plugins/console/index.ts'
import { routes } from '../../plugins/console/page-scope.ts'
import { handlersOf } from '../../plugins/console/pages.ts'

t.test('the list of routes is what the pages name', async t => {
  const named = [...handlersOf({ sources: [] } as unknown as ConsoleOptions)].map(([route, { options }]) => [
    route,
    options
  ])
  const known = routes.map(({ method, path, ...options }) => [`${method} ${path}`, options])
  t.same(named.sort(), known.sort())
})
