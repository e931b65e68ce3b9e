/** The handlers of all pages, by method and path. */
import { registerAdd } from './add.tsx'
import { registerConsoleAssets } from './assets.ts'
import { registerBulk } from './bulk.tsx'
import { registerConfiguration } from './configuration.tsx'
import { registerJournal } from './journal.tsx'
import { registerNow } from './now.tsx'
import { registerNumbers } from './numbers.tsx'
import type { ConsoleOptions } from './options.ts'
import type { PageHandler, RouteOptions } from './page-scope.ts'
import { registerPeople } from './people.tsx'
import { registerPerson } from './person.tsx'
import { registerPersonActions } from './person-actions.tsx'
import { registerLogins } from './person-logins.tsx'
import { registerTokens } from './person-tokens.tsx'
import { registerPosture } from './posture.tsx'
import { registerRequests } from './requests.tsx'
import { registerSuspension } from './suspension-page.tsx'
import { registerWaits } from './waits.tsx'
import { registerAppForms } from './watch/app-forms.tsx'
import { registerWatch } from './watch/watch-page.tsx'
import { registerWatchedPerson } from './watch/watched-person-page.tsx'

const pages = [
  registerConsoleAssets,
  registerNow,
  registerPeople,
  registerPerson,
  registerPersonActions,
  registerTokens,
  registerLogins,
  registerSuspension,
  registerPosture,
  registerAdd,
  registerBulk,
  registerRequests,
  registerWatch,
  registerWatchedPerson,
  registerAppForms,
  registerNumbers,
  registerWaits,
  registerJournal,
  registerConfiguration
]

/** The key is the method, a space and the path. */
export function handlersOf(options: ConsoleOptions): Map<string, { handler: PageHandler; options: RouteOptions }> {
  const handlers = new Map<string, { handler: PageHandler; options: RouteOptions }>()
  const named = (method: string) => (path: string, options: RouteOptions, handler: PageHandler) => {
    handlers.set(`${method} ${path}`, { handler, options })
  }
  for (const register of pages) register({ get: named('GET'), post: named('POST') }, options)
  return handlers
}
