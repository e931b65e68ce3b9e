/** Plain http, and where it may be. Owns that one refusal, for the portal and the apps alike. */
import { isLoopback, type SiteUrl } from './addresses.ts'
import type { DraftConfig } from './draft.ts'
import type { Reading } from './reading.ts'

/** Says why a public URL may not be plain http, if it may not. Passwords and cookies would travel in the open. */
export function checkScheme(site: SiteUrl, path: string, config: DraftConfig, reading: Reading): void {
  if (site.secure || isLoopback(site.hostname) || config.unsafeHttp === true) return
  reading.problem(
    path,
    `must be https off this machine, or passwords and sessions can be read on the way: write https://${site.host}${site.prefix} (or, knowing that, unsafeHttp: true)`
  )
}
