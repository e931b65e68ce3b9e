/**
 * Whether an answer is for eyes or for a program. Owns the one reading of `Sec-Fetch-*`, `Accept` and the other signs for that question: `wantsPage` says
 * whether somebody opens an address, `acceptsPage` whether whoever asked would show HTML as a page. A status never depends on it, a body does.
 */
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import { isWorkerScript } from './worker-scripts.ts'

/** What browsers call themselves that may be too old for Fetch Metadata, or are not told apart by it over plain http. */
const browsers = /^(?:Mozilla|Opera|Lynx|w3m|E?Links|NetSurf|Dillo|amaya)\b/i
/** Programs that borrow a browser's name. */
const borrowed = /ms-?office|microsoft office|microsoft-webdav|PowerShell|HttpClient|Zotero|Thunderbird|\bbot\b/i

/** True where a person navigates: what browsers say of themselves (Fetch Metadata) counts, and other signs where they say nothing. */
export function wantsPage({ headers }: Pick<IncomingMessage, 'headers'>): boolean {
  if (headers.upgrade !== undefined) return false
  const mode = headers['sec-fetch-mode']
  if (mode !== undefined) return mode === 'navigate'
  return looksLikeNavigation(headers)
}

/**
 * True where HTML would be shown as a page though nobody seems to navigate: a service worker that makes a navigation anew asks with another mode,
 * and with the `Accept` of the page. One that keeps the address alone (`fetch(request.url)`) accepts anything, and names its own script.
 */
export function acceptsPage(request: Pick<IncomingMessage, 'headers' | 'method'>): boolean {
  const { headers } = request
  if (wantsPage(request)) return true
  const mode = headers['sec-fetch-mode']
  if (mode !== 'cors' && mode !== 'same-origin' && mode !== 'no-cors') return false
  if (headers['sec-fetch-dest'] !== undefined && headers['sec-fetch-dest'] !== 'empty') return false
  if (isScript(headers)) return false
  if (/^\s*text\/html\b/i.test(headers.accept ?? '')) return true
  return headers.accept === '*/*' && request.method === 'GET' && isFromWorker(headers)
}

/** True where the request comes from a worker: it names its script as the page it comes from. */
export function isFromWorker({ referer }: IncomingHttpHeaders): boolean {
  return referer !== undefined && isWorkerScript(referer)
}

function looksLikeNavigation(headers: IncomingHttpHeaders): boolean {
  if (isScript(headers) || headers.range !== undefined) return false
  if (!/\btext\/html\b/i.test(headers.accept ?? '')) return false
  const name = headers['user-agent']
  // Somebody's browser sends Basic credentials that it has cached with every page; without a browser's name they are a program's.
  if (name === undefined || name === '') return headers.authorization === undefined
  if (!browsers.test(name) || borrowed.test(name)) return false
  return headers.authorization === undefined || /^(?:basic|digest|negotiate|ntlm)\b/i.test(headers.authorization)
}

/** A script says so: jQuery and its kin, htmx, Turbo frames. */
function isScript(headers: IncomingHttpHeaders): boolean {
  return (
    headers['x-requested-with'] !== undefined ||
    headers['hx-request'] !== undefined ||
    headers['turbo-frame'] !== undefined ||
    headers['x-pjax'] !== undefined
  )
}
