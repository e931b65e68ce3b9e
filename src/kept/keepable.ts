/** Which POSTs can be kept, and which of their headers. Credentials never are. */
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import { isOverride } from '../request/header-name.ts'
import { isBrowser, isSiteFrame, wantsPage } from '../request/wants-page.ts'
import { type BodyType, contentOf } from './content.ts'
import { namesIn } from './field-names.ts'
import { isSecretName } from './secret-names.ts'
import { TimeSlices } from './time-slices.ts'

/** `page`: a form that a person has sent. `script`: a request of a script on a page of the app. */
export type Sender = 'page' | 'script'

/** Null if such a request is not kept. `origin`: of the app. */
export function senderOf(
  { method, headers }: Pick<IncomingMessage, 'method' | 'headers'>,
  origin: string
): Sender | null {
  const content = contentOf(headers['content-type'])
  if (content === null) return null
  // Only programs expect 100. A coded body could be read only by its app.
  if (headers.expect !== undefined || headers['content-encoding'] !== undefined) return null
  // It is sent again without such a header, and would do something else.
  if (Object.keys(headers).some(isOverride)) return null
  const dest = headers['sec-fetch-dest']
  // Into a frame of another site browsers send no cookies, and our pages are not shown there.
  if (wantsPage({ headers }))
    return method === 'POST' && (dest === undefined || dest === 'document' || isSiteFrame({ headers })) ? 'page' : null
  // A script would have to add its credentials again.
  if (!isKeptMethod(method) || headers.authorization !== undefined || content === 'text') return null
  return isBrowser(headers) && (dest === undefined || dest === 'empty') && !isForeign(headers, origin) ? 'script' : null
}

/** Forms are sent by POST. Scripts save by PUT and PATCH too. */
const keptMethods: ReadonlySet<unknown> = new Set(['POST', 'PUT', 'PATCH'])

export function isKeptMethod(method: unknown): method is string {
  return keptMethods.has(method)
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
  ...['x-inertia', 'x-inertia-version', 'x-pjax', 'ocs-apirequest', 'x-requested-by', 'x-roundcube-request'],
  ...['requesttoken', 'requestverificationtoken', 'jenkins-crumb', 'x-wp-nonce', 'apollo-require-preflight']
])

/** Tokens by which apps know the requests of their own pages: `X-CSRFToken`, `X-pgA-CSRFToken`, `kbn-xsrf`, `CSRFPreventionToken`. */
const csrfName = /csrf|xsrf/i

/** Alternating names and values, as they came. */
export function keptHeaders(rawHeaders: readonly string[]): string[] {
  return rawHeaders.flatMap((name, i) => (i % 2 === 0 && isKeptHeader(name) ? [name, rawHeaders[i + 1] as string] : []))
}

export function isKeptHeader(name: string): boolean {
  return keptNames.has(name.toLowerCase()) || csrfName.test(name)
}

/** How much of all names together is looked at. Each name and each letter beyond ASCII takes more, as it takes more time. */
const maxNamesLength = 128 * 1024
const weight = { name: 16, letter: 16 } as const

/**
 * Resolves to true if a field of the body looks like a credential by its name, or if nobody can tell. Then the body is not kept. It never rejects.
 * A large body takes many time slices (THREATS D21). `isGivenUp`: nobody wants it any more.
 */
export async function holdsSecret(body: Buffer, type: BodyType, isGivenUp = () => false): Promise<boolean> {
  const seen = new Set<string>()
  let left = maxNamesLength
  const slices = new TimeSlices()
  for (const name of namesIn(body, type)) {
    if (slices.isOver) await slices.next()
    if (name === null || isGivenUp()) return true
    if (seen.has(name)) continue
    seen.add(name)
    left -= weight.name + name.length
    if (left >= 0) left -= weight.letter * (name.match(/[^\0-\x7f]/g)?.length ?? 0)
    if (left < 0 || isSecretName(name)) return true
  }
  return false
}
