/** Warnings that an app does not get something: a value of a person's identity that a header cannot carry, a header of the app's own pages. */
import type { FastifyBaseLogger } from 'fastify'
import type { Unsent } from '../src/identity/identity-headers.ts'

/** Maximum of remembered values. Later ones are not logged. */
const maxLogged = 1_000

/** Logs each value once per app and header. */
export function warnOfUnsent(
  log: FastifyBaseLogger,
  app: string,
  unsent: readonly Unsent[],
  logged: Set<string>
): void {
  for (const { header, value } of unsent) {
    const key = `${app} ${header} ${value}`
    if (logged.has(key) || logged.size >= maxLogged) continue
    logged.add(key)
    log.warn(
      { app, header, value: value.slice(0, 128) },
      'the app is not told this of a person: the header cannot carry it, or the app would read it as something else; identityHeaders.encoding and groupSeparator say what it can read'
    )
  }
}

/** Logs each name once per app. */
export function warnOfRemoved(
  log: FastifyBaseLogger,
  app: string,
  names: readonly string[],
  logged: Set<string>
): void {
  for (const header of names) {
    const key = `${app} ${header.toLowerCase()}`
    if (logged.has(key) || logged.size >= maxLogged) continue
    logged.add(key)
    log.warn(
      { app, header },
      "the app does not get this header of a client, because its name says who a person is. If something fails in the app's own pages or programs, and the app checks a secret beside this header, list it in passHeaders"
    )
  }
}
