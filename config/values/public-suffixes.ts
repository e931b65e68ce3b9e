/** The check whether anybody can register names under a name. Browsers refuse such an `rpId`, or strangers share it. */
import { createRequire } from 'node:module'

/** Such names that the Public Suffix List lacks. */
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

/** True for `com`, `co.uk`, `github.io` and similar names. The list of 8 MB is loaded here, since most configurations do not need it. */
export function isPublicSuffix(name: string): boolean {
  if (unlisted.includes(name)) return true
  const { getPublicSuffix } = require('tldts') as Tldts
  return getPublicSuffix(name, { allowPrivateDomains: true, extractHostname: false }) === name
}
