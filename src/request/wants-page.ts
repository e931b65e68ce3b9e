/** Recognises navigations and requests that accept HTML. A response body may depend on this, but never a status. */
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import { isWorkerScript } from './worker-scripts.ts'

/** Browsers that may send no Fetch Metadata: old ones, or over plain http. */
const browsers = /^(?:Mozilla|Opera|Lynx|w3m|E?Links|NetSurf|Dillo|amaya)\b/i
/** These borrow a browser's name. */
const borrowed = /ms-?office|microsoft office|microsoft-webdav|PowerShell|HttpClient|Zotero|Thunderbird|\bbot\b/i

/** True for a navigation. Without Fetch Metadata other headers decide. */
export function wantsPage({ headers }: Pick<IncomingMessage, 'headers'>): boolean {
  if (headers.upgrade !== undefined) return false
  const mode = headers['sec-fetch-mode']
  if (mode !== undefined) return mode === 'navigate'
  return looksLikeNavigation(headers)
}

/** Cross-site frames, `object` and `embed` get no page. */
export function isSiteFrame({ headers }: Pick<IncomingMessage, 'headers'>): boolean {
  const dest = headers['sec-fetch-dest']
  const site = headers['sec-fetch-site']
  return (
    headers['sec-fetch-mode'] === 'navigate' &&
    (dest === 'iframe' || dest === 'frame') &&
    (site === 'same-site' || site === 'same-origin')
  )
}

/** A browser's scripts count too. */
export function isBrowser(headers: IncomingHttpHeaders): boolean {
  if (headers['sec-fetch-mode'] !== undefined || isScript(headers)) return true
  const name = headers['user-agent'] ?? ''
  return browsers.test(name) && !borrowed.test(name)
}

/** True for a navigation, and for a service worker's repetition of one in another mode. */
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

export function isFromWorker({ referer }: IncomingHttpHeaders): boolean {
  return referer !== undefined && isWorkerScript(referer)
}

function looksLikeNavigation(headers: IncomingHttpHeaders): boolean {
  if (isScript(headers) || headers.range !== undefined) return false
  if (!/\btext\/html\b/i.test(headers.accept ?? '')) return false
  const name = headers['user-agent']
  // A browser also sends cached credentials. Without its name they mean a program.
  if (name === undefined || name === '') return headers.authorization === undefined
  if (!browsers.test(name) || borrowed.test(name)) return false
  return headers.authorization === undefined || /^(?:basic|digest|negotiate|ntlm)\b/i.test(headers.authorization)
}

function isScript(headers: IncomingHttpHeaders): boolean {
  return (
    headers['x-requested-with'] !== undefined ||
    headers['hx-request'] !== undefined ||
    headers['turbo-frame'] !== undefined ||
    headers['x-pjax'] !== undefined
  )
}
