/** The return address after a challenge, and the request that was stopped. */
import type { IncomingHttpHeaders } from 'node:http'
import type { ChallengeReason } from '../policy/decision.ts'
import { acceptsPage, isFromWorker } from '../request/wants-page.ts'
import { methodsInHeaders } from './method-override.ts'
import type { App, Site } from './route-table.ts'

export interface Message {
  readonly method?: string | undefined
  readonly headers: IncomingHttpHeaders
  /** True where override headers reach the app (forward-auth). */
  readonly keepsOverrides?: boolean
}

/** A stopped request with all that the rules ask about it. */
export interface StoppedRequest {
  readonly url: string
  /** The request's own, then those of override headers. */
  readonly methods: readonly string[]
  /** WebDAV's `Destination`. */
  readonly destination: string | null
}

export interface ReturnTo {
  readonly rd: string
  /** Null where `rd` itself was stopped, or where a sign-in suffices. */
  readonly ask: StoppedRequest | null
}

/** A longer one would not fit in the URL. */
const longestAsk = 1024
const methodList = /^[A-Z-]{1,16}(?:,[A-Z-]{1,16}){0,4}$/

export function isRead(method: string | undefined): boolean {
  return method === 'GET' || method === 'HEAD'
}

/** `raw`: path and query as received. */
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

/** For a query: `MOVE,DELETE https://app.example/x https://app.example/y`. */
export function stoppedText({ url, methods, destination }: StoppedRequest): string {
  return `${methods.join(',')} ${url}${destination === null ? '' : ` ${destination}`}`
}

/** Null for anything else. A forged one can only require another proof. */
export function parseStopped(text: string): StoppedRequest | null {
  const [methods = '', url = '', destination = null, ...more] = text.split(' ')
  if (!methodList.test(methods) || url === '' || destination === '' || more.length > 0) return null
  return { url, methods: methods.split(','), destination }
}

export function messageOf({ methods: [method, ...others], destination }: StoppedRequest): Message {
  const override = others.length === 0 ? {} : { 'x-http-method-override': others.join(',') }
  return { method, headers: destination === null ? override : { ...override, destination }, keepsOverrides: true }
}

/** The address for a navigation, else its page, else the app's front page. */
function returnAddress(message: Message, raw: string, site: Site, app: App): string {
  const front = `${site.origin}${app.prefix}/`
  if (isRead(message.method) && acceptsPage(message)) return site.origin + raw
  const { referer } = message.headers
  // A worker's referrer is its script, which is no page.
  const isScript = isFromWorker(message.headers)
  return referer?.startsWith(front) && !isScript && !referer.startsWith(`${site.origin}/.factorgate`) ? referer : front
}
