/** Navigations and requests that accept HTML (Fetch Metadata, `Accept`). A body may depend on it, a status never does. */
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import { isWorkerScript } from './worker-scripts.ts'

/** Browsers that may lack Fetch Metadata (old, or plain http). */
const browsers = /^(?:Mozilla|Opera|Lynx|w3m|E?Links|NetSurf|Dillo|amaya)\b/i
/** Programs that send a browser's name. */
const borrowed = /ms-?office|microsoft office|microsoft-webdav|PowerShell|HttpClient|Zotero|Thunderbird|\bbot\b/i

/** True for a navigation. Other signs count only without Fetch Metadata. */
export function wantsPage({ headers }: Pick<IncomingMessage, 'headers'>): boolean {
  if (headers.upgrade !== undefined) return false
  const mode = headers['sec-fetch-mode']
  if (mode !== undefined) return mode === 'navigate'
  return looksLikeNavigation(headers)
}

/** True also where a service worker repeats a navigation in another mode, perhaps without its `Accept`. */
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
  // Browsers send cached Basic credentials; without a browser's name they are a program's.
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
