/** The operators' console: pages under `/.factorgate/admin/` on the portal's host, in the portal's scope with its guards. */
import type { FastifyInstance } from 'fastify'
import { registerAdd } from './add.tsx'
import { registerConsoleAssets } from './assets.ts'
import { registerBulk } from './bulk.tsx'
import { registerConfiguration } from './configuration.tsx'
import { registerJournal } from './journal.tsx'
import { registerNow } from './now.tsx'
import { registerNumbers } from './numbers.tsx'
import type { ConsoleOptions } from './options.ts'
import { registerPeople } from './people.tsx'
import { registerPerson } from './person.tsx'
import { registerPersonActions } from './person-actions.tsx'
import { registerWaits } from './waits.tsx'

export type { ConfigurationStatus, ConsoleOptions, OpenConnections, PeopleSource } from './options.ts'

const pages = [
  registerNow,
  registerPeople,
  registerPerson,
  registerPersonActions,
  registerAdd,
  registerBulk,
  registerNumbers,
  registerWaits,
  registerJournal,
  registerConfiguration
]

/** For `extensions` of the portal. */
export function consolePages(options: ConsoleOptions): (scope: FastifyInstance) => void {
  return scope => {
    registerConsoleAssets(scope)
    for (const register of pages) register(scope, options)
  }
}
