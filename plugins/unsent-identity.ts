/** The warning that an app does not get some value of a person's identity, because a header cannot carry it. */
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
