/** The return address after a challenge, and the request that was stopped. */
import type { IncomingHttpHeaders } from 'node:http'
import type { ChallengeReason } from '../policy/decision.ts'
import { acceptsPage, isFromWorker } from '../request/wants-page.ts'
import { overridesIn } from './method-override.ts'
import type { App, Site } from './route-table.ts'

export interface Message {
  readonly method?: string | undefined
  readonly headers: IncomingHttpHeaders
  readonly keepsOverrides?: boolean
}

export interface StoppedRequest {
  readonly url: string
  /** The request's own method, then those of override headers. */
  readonly methods: readonly string[]
  readonly destination: string | null
}

export interface ReturnTo {
  readonly rd: string
  /** Null if `rd` itself was stopped, if a sign-in suffices, or if it is too long. */
  readonly ask: StoppedRequest | null
}

const maxAskLength = 1024
/** After these a sign-in suffices. */
const signIns: ReadonlySet<ChallengeReason> = new Set([
  'sign_in_required',
  'second_factor_required',
  'device_required',
  'device_proof_required'
])
const methodList = /^[A-Z-]{1,16}(?:,[A-Z-]{1,16}){0,4}$/

export function isRead(method: string | undefined): boolean {
  return method === 'GET' || method === 'HEAD'
}

export function returnTo(message: Message, raw: string, site: Site, app: App, reason: ChallengeReason): ReturnTo {
  const url = site.origin + raw
  const rd = returnAddress(message, raw, site, app)
  if (signIns.has(reason)) return { rd, ask: null }
  const { method = '', headers } = message
  const { destination = null } = headers as { destination?: string }
  const others = overridesIn(message, app)
  if (rd === url && isRead(method) && destination === null && others.length === 0) return { rd, ask: null }
  const ask = { url, methods: [method, ...others], destination }
  return { rd, ask: stoppedText(ask).length <= maxAskLength ? ask : null }
}

export function askOfKept({ url, method }: { readonly url: string; readonly method: string }): StoppedRequest {
  return { url, methods: [method], destination: null }
}

/** For a query: `MOVE,DELETE https://app.example/x https://app.example/y`. */
export function stoppedText({ url, methods, destination }: StoppedRequest): string {
  return `${methods.join(',')} ${url}${destination === null ? '' : ` ${destination}`}`
}

/** Null for anything else. A forged text can only require a proof. */
export function parseStopped(text: string): StoppedRequest | null {
  const [methods = '', url = '', destination = null, ...more] = text.split(' ')
  if (!methodList.test(methods) || url === '' || destination === '' || more.length > 0) return null
  return { url, methods: methods.split(','), destination }
}

export function messageOf({ methods: [method, ...others], destination }: StoppedRequest): Message {
  const override = others.length === 0 ? {} : { 'x-http-method-override': others.join(',') }
  return { method, headers: destination === null ? override : { ...override, destination }, keepsOverrides: true }
}

/** The address of a navigation, otherwise the referring page of the app, otherwise its front page. */
function returnAddress(message: Message, raw: string, site: Site, app: App): string {
  const front = `${site.origin}${app.prefix}/`
  if (isRead(message.method) && acceptsPage(message)) return site.origin + raw
  const { referer } = message.headers
  const isScript = isFromWorker(message.headers)
  return referer?.startsWith(front) && !isScript && !referer.startsWith(`${site.origin}/.factorgate`) ? referer : front
}
