/** Whether strangers register names under a name: an `rpId` of that kind is refused by browsers, or shared with neighbours. */
import { createRequire } from 'node:module'

/** Names under which strangers have sites, and which the Public Suffix List leaves out. */
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

/** True for `com`, `co.uk`, `github.io` and their like. The list is loaded here, since it takes 8 MB and most configurations never ask. */
export function isPublicSuffix(name: string): boolean {
  if (unlisted.includes(name)) return true
  const { getPublicSuffix } = require('tldts') as Tldts
  return getPublicSuffix(name, { allowPrivateDomains: true, extractHostname: false }) === name
}
