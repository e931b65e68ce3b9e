/**
 * Whether a browser may have been led to an address without its person's will. Anybody can send these headers, so they may spare a suspension, and they
 * grant nothing.
 */
import type { IncomingHttpHeaders } from 'node:http'
import { isLoopback } from '../request/networks.ts'
import { wantsPage } from '../request/wants-page.ts'

/** `unknown_link`: without Fetch Metadata. */
export type Led = 'prefetch' | 'other_site' | 'embedded' | 'unknown_link'

export interface LedTo {
  /** `https://files.lab.example` */
  readonly origin: string
  readonly secure: boolean
}

/** '' for none. */
interface Asking {
  readonly fetchMode: string
  readonly fetchDest: string
  readonly accept: string
}

/** Null without a sign of it. */
export function ledBy(headers: IncomingHttpHeaders, site: LedTo): Led | null {
  if (isPrefetch(headers)) return 'prefetch'
  const from = headers['sec-fetch-site']
  if (from === 'cross-site' || from === 'same-site') return 'other_site'
  const { referer, origin } = headers
  if (referer !== undefined && referer !== '' && !isOf(referer, site)) return 'other_site'
  if (origin !== undefined && origin !== 'null' && !isOf(origin, site)) return 'other_site'
  // Somebody else may have written the page (a wiki).
  if (isEmbedded(headers)) return 'embedded'
  if (from === 'same-origin' || from === 'none' || !isSilent(headers['user-agent'] ?? '', site)) return null
  // Without Fetch Metadata, SameSite=Lax leaves only navigations of the whole window to other sites.
  if (isFromPage(headers)) return isPartByAccept(headers.accept) ? 'embedded' : null
  return wantsPage({ headers }) ? 'unknown_link' : null
}

/**
 * True for links, forms and redirects in the app's pages, which somebody else may have written; without Fetch Metadata also for parts of pages. Call it
 * where `ledBy` says null.
 */
export function isLinkedHere(headers: IncomingHttpHeaders, site: LedTo): boolean {
  const from = headers['sec-fetch-site']
  if (from !== undefined) return from === 'same-origin' && headers['sec-fetch-mode'] === 'navigate'
  const name = headers['user-agent'] ?? ''
  return isFromPage(headers) && name.startsWith('Mozilla/') && isSilent(name, site)
}

function isFromPage({ referer }: IncomingHttpHeaders): boolean {
  return referer !== undefined && referer !== ''
}

/** Browsers ask so for pictures and style sheets. */
function isPartByAccept(accept: string | undefined): boolean {
  return accept !== undefined && /^(?:image\/|text\/css\b)/i.test(accept)
}

export function isPartOfPage({ fetchMode, fetchDest, accept }: Asking): boolean {
  if (fetchMode === '' && fetchDest === '') return isPartByAccept(accept)
  return isPart(fetchMode, fetchDest)
}

/** Windows have `document`, and scripts' requests `empty`. */
function isEmbedded({ 'sec-fetch-mode': mode, 'sec-fetch-dest': destination }: IncomingHttpHeaders): boolean {
  return isPart(mode, destination)
}

function isPart(mode: string | string[] | undefined, destination: string | string[] | undefined): boolean {
  if (mode === 'no-cors') return true
  return destination !== undefined && destination !== '' && destination !== 'document' && destination !== 'empty'
}

/** A loop would cost every request more. */
function isPrefetch(headers: IncomingHttpHeaders): boolean {
  return (
    saysPrefetch(headers['sec-purpose']) ||
    saysPrefetch(headers.purpose) ||
    saysPrefetch(headers['x-purpose']) ||
    saysPrefetch(headers['x-moz'])
  )
}

function saysPrefetch(purpose: string | string[] | undefined): boolean {
  return purpose !== undefined && /\b(?:prefetch|prerender|preview)\b/i.test(String(purpose))
}

function isOf(address: string, { origin }: LedTo): boolean {
  return beginsWith(address, origin) || beginsWith(address.toLowerCase(), origin)
}

function beginsWith(address: string, origin: string): boolean {
  return address.startsWith(origin) && (address.length === origin.length || address[origin.length] === '/')
}

/** Old browsers, and any on plain http, send no Fetch Metadata. */
function isSilent(userAgent: string, { origin, secure }: LedTo): boolean {
  if (userAgent === '') return false
  if (!secure && !isLoopback(new URL(origin).hostname)) return true
  // No browser's name is longer.
  const name = userAgent.slice(0, 512)
  for (const [shape, major, minor] of since) {
    const found = shape.exec(name)
    if (found === null) continue
    const [is, isMinor] = [Number(found[1]), Number(found[2] ?? 0)]
    return is < major || (is === major && isMinor < minor)
  }
  return true
}

/** The first versions with Fetch Metadata (MDN, Sec-Fetch-Site). All browsers of iOS are Safari. */
const since: readonly (readonly [RegExp, number, number])[] = [
  [/\b(?:iPhone|iPad|iPod)\b.*?\bOS (\d+)_(\d+)/, 16, 4],
  [/\bFirefox\/(\d+)/, 90, 0],
  [/Chrome\/(\d+)/, 80, 0],
  [/\bVersion\/(\d+)\.(\d+)\b.*\bSafari\//, 16, 4]
]
