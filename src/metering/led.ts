/**
 * Whether a browser may have been led to an address without its person's will: by another site, by a picture in a page, or ahead of a click.
 * Anybody can send these headers. So they may spare a person a suspension, and they grant nothing.
 */
import type { IncomingHttpHeaders } from 'node:http'
import { isLoopback } from '../request/networks.ts'
import { wantsPage } from '../request/wants-page.ts'

/** `unknown_link`: a browser of before Fetch Metadata, which does not say where the link was. */
export type Led = 'prefetch' | 'other_site' | 'embedded' | 'unknown_link'

export interface LedTo {
  /** `https://files.lab.example` */
  readonly origin: string
  readonly secure: boolean
}

/** What a client says of its request; '' where it says nothing. */
interface Asking {
  readonly fetchMode: string
  readonly fetchDest: string
  readonly accept: string
}

/** Null if the headers show no sign of it: the person has clicked in the app or typed the address, or a program asks. */
export function ledBy(headers: IncomingHttpHeaders, site: LedTo): Led | null {
  if (isPrefetch(headers)) return 'prefetch'
  const from = headers['sec-fetch-site']
  if (from === 'cross-site' || from === 'same-site') return 'other_site'
  const { referer, origin } = headers
  if (referer !== undefined && referer !== '' && !isOf(referer, site)) return 'other_site'
  if (origin !== undefined && origin !== 'null' && !isOf(origin, site)) return 'other_site'
  // Pictures, frames, fonts and scripts in a page of the app: somebody else may have written the page (a comment, a wiki).
  if (isEmbedded(headers)) return 'embedded'
  if (from === 'same-origin' || from === 'none' || !isSilent(headers['user-agent'] ?? '', site)) return null
  // Without Fetch Metadata, SameSite=Lax leaves only navigations of the whole window to other sites.
  if (isFromPage(headers)) return isPartByAccept(headers.accept) ? 'embedded' : null
  return wantsPage({ headers }) ? 'unknown_link' : null
}

/**
 * True for what a link, a form or a redirect in a page of the same site may have led to: somebody else may have written that page too. Of a browser
 * that does not say what it asks for, also for the parts of a page. Ask it where `ledBy` says null.
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

/** Browsers ask for pictures and style sheets by these types first. */
function isPartByAccept(accept: string | undefined): boolean {
  return accept !== undefined && /^(?:image\/|text\/css\b)/i.test(accept)
}

/** True for pictures, frames, scripts and other parts of a page, which somebody else may have written into it. */
export function isPartOfPage({ fetchMode, fetchDest, accept }: Asking): boolean {
  if (fetchMode === '' && fetchDest === '') return isPartByAccept(accept)
  return isPart(fetchMode, fetchDest)
}

/** A part of a page. A window has the destination `document`, and what a script asks for has `empty`. */
function isEmbedded({ 'sec-fetch-mode': mode, 'sec-fetch-dest': destination }: IncomingHttpHeaders): boolean {
  return isPart(mode, destination)
}

function isPart(mode: string | string[] | undefined, destination: string | string[] | undefined): boolean {
  if (mode === 'no-cors') return true
  return destination !== undefined && destination !== '' && destination !== 'document' && destination !== 'empty'
}

/** Each name stands by itself, because a loop over names would cost every request more. */
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

/** True for a browser that sends no Fetch Metadata: an old one, or any on plain http. */
function isSilent(userAgent: string, { origin, secure }: LedTo): boolean {
  if (userAgent === '') return false
  if (!secure && !isLoopback(new URL(origin).hostname)) return true
  // A longer name is no browser's, and would take long to read.
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
