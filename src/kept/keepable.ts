/** Which requests can be kept, with which headers. Credentials never are. */
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import { isOverride } from '../request/header-name.ts'
import { isBrowser, isSiteFrame, wantsPage } from '../request/wants-page.ts'
import { type BodyType, contentOf } from './content.ts'
import { namesIn } from './field-names.ts'
import { isSecretName } from './secret-names.ts'
import { TimeSlices } from './time-slices.ts'

/** `page`: a person's form. */
export type Sender = 'page' | 'script'

/** `origin`: the app's. */
export function senderOf(
  { method, headers }: Pick<IncomingMessage, 'method' | 'headers'>,
  origin: string
): Sender | null {
  const content = contentOf(headers['content-type'])
  if (content === null) return null
  // Only programs expect 100; only the app reads a coded body.
  if (headers.expect !== undefined || headers['content-encoding'] !== undefined) return null
  // Without its override header the request would do something else.
  if (Object.keys(headers).some(isOverride)) return null
  const dest = headers['sec-fetch-dest']
  // In another site's frame browsers send no cookies, and show none of our pages.
  if (wantsPage({ headers }))
    return method === 'POST' && (dest === undefined || dest === 'document' || isSiteFrame({ headers })) ? 'page' : null
  // A script would have to add its credentials again.
  if (!isKeptMethod(method) || headers.authorization !== undefined || content === 'text') return null
  return isBrowser(headers) && (dest === undefined || dest === 'empty') && !isForeign(headers, origin) ? 'script' : null
}

/** Scripts save by PUT and PATCH too. */
const keptMethods: ReadonlySet<unknown> = new Set(['POST', 'PUT', 'PATCH'])

export function isKeptMethod(method: unknown): method is string {
  return keptMethods.has(method)
}

/** True unless the browser names a page of this origin. */
export function isForeign(headers: IncomingHttpHeaders, origin: string): boolean {
  const site = headers['sec-fetch-site']
  if (site !== undefined && site !== 'same-origin' && site !== 'none') return true
  if (headers.origin !== undefined) return headers.origin !== origin
  if (site !== undefined) return false
  return headers.referer?.startsWith(`${origin}/`) !== true
}

/** No credentials are among them. */
const keptNames = new Set([
  ...['content-type', 'content-language', 'origin', 'referer', 'accept', 'x-requested-with', 'prefer'],
  ...['sec-fetch-site', 'sec-fetch-mode', 'sec-fetch-dest', 'sec-fetch-user', 'upgrade-insecure-requests'],
  ...['if-match', 'if-none-match', 'if-unmodified-since', 'idempotency-key'],
  ...['hx-request', 'hx-target', 'hx-trigger', 'hx-trigger-name', 'hx-current-url', 'hx-boosted', 'turbo-frame'],
  ...['x-inertia', 'x-inertia-version', 'x-pjax', 'ocs-apirequest', 'x-requested-by', 'x-roundcube-request'],
  ...['requesttoken', 'requestverificationtoken', 'jenkins-crumb', 'x-wp-nonce', 'apollo-require-preflight']
])

/** `X-CSRFToken`, `kbn-xsrf`, `CSRFPreventionToken`. */
const csrfName = /csrf|xsrf/i

/** Names and values in turn. */
export function keptHeaders(rawHeaders: readonly string[]): string[] {
  return rawHeaders.flatMap((name, i) => (i % 2 === 0 && isKeptHeader(name) ? [name, rawHeaders[i + 1] as string] : []))
}

export function isKeptHeader(name: string): boolean {
  return keptNames.has(name.toLowerCase()) || csrfName.test(name)
}

/** It bounds the time: names, and letters beyond ASCII, weigh more. */
const maxNamesLength = 128 * 1024
const weight = { name: 16, letter: 16 } as const

/** True also if nobody can tell. It never rejects. A large body takes many time slices (THREATS D21), until `isGivenUp`. */
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
