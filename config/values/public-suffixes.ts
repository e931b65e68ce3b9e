/** The check whether anybody can register names under a name. Browsers refuse such an `rpId`, or strangers share it. */
import { createRequire } from 'node:module'

/** Names under which anybody can have a site, and which the Public Suffix List lacks. */
const unlisted: readonly string[] = [
  'amazonaws.com',
  'cloudapp.azure.com',
  'neocities.org',
  'nip.io',
  'shinyapps.io',
  'sslip.io',
  'wordpress.com'
]

interface Tldts {
  getPublicSuffix(name: string, options: { allowPrivateDomains: boolean; extractHostname: boolean }): string | null
}

const require = createRequire(import.meta.url)

/**
 * True for `com`, `co.uk`, `github.io` and similar names. The list is loaded here, since it takes 8 MB and most configurations do not need
 * it.
 */
export function isPublicSuffix(name: string): boolean {
  if (unlisted.includes(name)) return true
  const { getPublicSuffix } = require('tldts') as Tldts
  return getPublicSuffix(name, { allowPrivateDomains: true, extractHostname: false }) === name
}
