/**
 * Where a person comes back to after a challenge, and which request it stopped. One choice for requests that come through the gate and for
 * those that a proxy asks about (forward-auth).
 */
import type { IncomingHttpHeaders } from 'node:http'
import type { ChallengeReason } from '../policy/decision.ts'
import { acceptsPage, isFromWorker } from '../request/wants-page.ts'
import { methodsInHeaders } from './method-override.ts'
import type { App, Site } from './route-table.ts'

/** Method and headers of a request. */
export interface Message {
  readonly method?: string | undefined
  readonly headers: IncomingHttpHeaders
  /** True where the app receives override headers such as `X-HTTP-Method-Override`. In line they are dropped. */
  readonly keepsOverrides?: boolean
}

/** A request that was stopped, with all that the rules ask about it. The portal asks them again once something new is proved. */
export interface StoppedRequest {
  readonly url: string
  /** The request's own, then those of override headers. */
  readonly methods: readonly string[]
  /** WebDAV's `Destination`. */
  readonly destination: string | null
}

export interface ReturnTo {
  readonly rd: string
  /** Null where `rd` itself was stopped, or where a sign-in answers everything. */
  readonly ask: StoppedRequest | null
}

/** A longer one is not told to the portal: it would not fit beside the way back. */
const longestAsk = 1024
const methodList = /^[A-Z-]{1,16}(?:,[A-Z-]{1,16}){0,4}$/

export function isRead(method: string | undefined): boolean {
  return method === 'GET' || method === 'HEAD'
}

/** `raw`: path and query of the request, as they came. */
export function returnTo(message: Message, raw: string, site: Site, app: App, reason: ChallengeReason): ReturnTo {
  const url = site.origin + raw
  const rd = returnAddress(message, raw, site, app)
  const isStepUp = reason === 'fresh_proof_required' || reason === 'other_factor_required'
  const { method = '', headers } = message
  const { destination = null } = headers as { destination?: string }
  if (!isStepUp || (rd === url && isRead(method) && destination === null)) return { rd, ask: null }
  const others = message.keepsOverrides === true ? methodsInHeaders(headers) : []
  const ask = { url, methods: [method, ...others], destination }
  return { rd, ask: stoppedText(ask).length <= longestAsk ? ask : null }
}

/** As it stands in a query: `MOVE,DELETE https://app.example/x https://app.example/y`. */
export function stoppedText({ url, methods, destination }: StoppedRequest): string {
  return `${methods.join(',')} ${url}${destination === null ? '' : ` ${destination}`}`
}

/** What `stoppedText` wrote; null for anything else. Nobody is sent to any of it, so all it can do is ask for a proof more. */
export function parseStopped(text: string): StoppedRequest | null {
  const [methods = '', url = '', destination = null, ...more] = text.split(' ')
  if (!methodList.test(methods) || url === '' || destination === '' || more.length > 0) return null
  return { url, methods: methods.split(','), destination }
}

/** The message that `stopped` was, as far as the rules ask. */
export function messageOf({ methods: [method, ...others], destination }: StoppedRequest): Message {
  const override = others.length === 0 ? {} : { 'x-http-method-override': others.join(',') }
  return { method, headers: destination === null ? override : { ...override, destination }, keepsOverrides: true }
}

/** Where to bring the person afterwards: the very address for a navigation, else the page they were on, else the app's front page. */
function returnAddress(message: Message, raw: string, site: Site, app: App): string {
  const front = `${site.origin}${app.prefix}/`
  if (isRead(message.method) && acceptsPage(message)) return site.origin + raw
  const { referer } = message.headers
  // A worker's requests name its script, and nobody wants to come back to that.
  const isScript = isFromWorker(message.headers)
  return referer?.startsWith(front) && !isScript && !referer.startsWith(`${site.origin}/.factorgate`) ? referer : front
}
