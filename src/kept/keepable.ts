/** Which POSTs can be kept, and which of their headers. Credentials never are. */
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import { isBrowser, wantsPage } from '../request/wants-page.ts'
import { isSecretName } from './secret-names.ts'

/** `page`: a form that a person has sent. `script`: a request of a script on a page of the app. */
export type Sender = 'page' | 'script'

export type Content = 'form' | 'multipart' | 'json' | 'text'

const contents: readonly (readonly [Content, RegExp])[] = [
  ['form', /^application\/x-www-form-urlencoded\s*(?:;|$)/i],
  ['multipart', /^multipart\/form-data\s*;/i],
  ['json', /^application\/(?:[\w.+-]+\+)?json\s*(?:;|$)/i],
  ['text', /^text\/plain\s*(?:;|$)/i]
]

export function contentOf(type: string | undefined): Content | null {
  return contents.find(([, pattern]) => pattern.test(type ?? ''))?.[0] ?? null
}

/** Null if such a request is not kept. `origin`: of the app. */
export function senderOf(
  { method, headers }: Pick<IncomingMessage, 'method' | 'headers'>,
  origin: string
): Sender | null {
  const content = contentOf(headers['content-type'])
  if (method !== 'POST' || content === null) return null
  // Only programs expect 100. A coded body could be read only by its app.
  if (headers.expect !== undefined || headers['content-encoding'] !== undefined) return null
  const dest = headers['sec-fetch-dest']
  // In a frame, no page could ask the person.
  if (wantsPage({ headers })) return dest === undefined || dest === 'document' ? 'page' : null
  // A script would have to add its credentials again.
  if (headers.authorization !== undefined || content === 'text') return null
  return isBrowser(headers) && (dest === undefined || dest === 'empty') && !isForeign(headers, origin) ? 'script' : null
}

/** True unless the browser says that a page of this origin sent it. */
export function isForeign(headers: IncomingHttpHeaders, origin: string): boolean {
  const site = headers['sec-fetch-site']
  if (site !== undefined && site !== 'same-origin' && site !== 'none') return true
  if (headers.origin !== undefined) return headers.origin !== origin
  if (site !== undefined) return false
  return headers.referer?.startsWith(`${origin}/`) !== true
}

/** What an app may depend on in such a request. Cookies, `Authorization` and the keys of programs are not among them. */
const keptNames = new Set([
  ...['content-type', 'content-language', 'origin', 'referer', 'accept', 'x-requested-with', 'prefer'],
  ...['sec-fetch-site', 'sec-fetch-mode', 'sec-fetch-dest', 'sec-fetch-user', 'upgrade-insecure-requests'],
  ...['if-match', 'if-none-match', 'if-unmodified-since', 'idempotency-key'],
  ...['hx-request', 'hx-target', 'hx-trigger', 'hx-trigger-name', 'hx-current-url', 'hx-boosted', 'turbo-frame'],
  ...['x-csrftoken', 'x-csrf-token', 'x-xsrf-token', 'x-xsrftoken', 'x-inertia', 'x-inertia-version', 'x-pjax']
])

/** Alternating names and values, as they came. */
export function keptHeaders(rawHeaders: readonly string[]): string[] {
  return rawHeaders.flatMap((name, i) =>
    i % 2 === 0 && keptNames.has(name.toLowerCase()) ? [name, rawHeaders[i + 1] as string] : []
  )
}

export function isKeptHeader(name: string): boolean {
  return keptNames.has(name.toLowerCase())
}

/** True if a field of the body looks like a credential by its name. Then the body is not kept. */
export function holdsSecret(body: Buffer, content: Content): boolean {
  return namesIn(body.toString('utf8'), content).some(isSecretName)
}

function namesIn(text: string, content: Content): string[] {
  switch (content) {
    case 'form':
      return [...new URLSearchParams(text).keys()]
    case 'multipart':
      return [...text.matchAll(/\bname=(?:"([^"\r\n]*)"|([^\s;"]+))/gi)].map(
        ([, quoted, plain]) => quoted ?? plain ?? ''
      )
    case 'json':
      return [...text.matchAll(/"((?:[^"\\]|\\.)*)"\s*:/g)].map(([, name = '']) => unescaped(name))
    case 'text':
      return text.split(/\r?\n/).map(line => line.split('=', 1)[0] ?? '')
  }
}

/** `\u0070in` → pin */
export function unescaped(name: string): string {
  return name.replace(/\\u([0-9a-f]{4})/gi, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)))
}
