/** The HTTP client for a provider: `fetch` with a private certificate authority, one deadline, a size limit and no redirects. */
import http from 'node:http'
import https from 'node:https'
import { deadlineSignal } from '../../platform/deadline.ts'
import { lookupOfInstitutions } from '../../request/host-lookup.ts'
import { isLoopback } from '../../request/networks.ts'
import { type WholeAnswer, wholeAnswer } from '../../request/whole-answer.ts'

interface ProviderRequest {
  readonly method: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: unknown
  readonly signal?: AbortSignal | undefined
}

export interface ProviderFetch {
  readonly fetch: (url: string, request: ProviderRequest) => Promise<Response>
  close(): void
}

interface ProviderFetchOptions {
  /** PEM; null for Node's own authorities. */
  readonly ca: string | null
  /** The time limit from the request to the end of the answer, in milliseconds. */
  readonly timeoutMs: number
}

/** The message names the address. */
export class ProviderUnreachable extends Error {
  override readonly name = 'ProviderUnreachable'
  /** The wait that the provider asks for; null if it names none. */
  readonly retryAfterSeconds: number | null

  constructor(
    message: string,
    { retryAfterSeconds = null, ...options }: ErrorOptions & { retryAfterSeconds?: number | null } = {}
  ) {
    super(message, options)
    this.retryAfterSeconds = retryAfterSeconds
  }
}

/** The same request may succeed later (RFC 9110 §15.5.9, §15.6; RFC 6585 §4). */
export function isTrouble(status: number): boolean {
  return status >= 500 || status === 429 || status === 408
}

const maxRetrySeconds = 600

/** `Retry-After` (RFC 9110 §10.2.3) in seconds, ten minutes at most; null without one. */
export function retryAfterOf({ headers }: Response): number | null {
  const text = headers.get('retry-after') ?? ''
  return /^\d{1,9}$/.test(text) && Number(text) > 0 ? Math.min(Number(text), maxRetrySeconds) : null
}

/** An ID token with thousands of groups has some 200 KB. */
const maxAnswerBytes = 4 * 1024 * 1024

export function makeProviderFetch({ ca, timeoutMs }: ProviderFetchOptions): ProviderFetch {
  // Connections are not kept: with one that the provider has closed, a sign-in would fail, its code spent.
  const secure = new https.Agent({ maxSockets: 16, lookup: lookupOfInstitutions, ...(ca === null ? {} : { ca }) })
  const plain = new http.Agent({ maxSockets: 16, lookup: lookupOfInstitutions })
  return {
    async fetch(address, { method, headers, body, signal }) {
      const url = new URL(address)
      // A provider on this machine may use plain http, but must not lead elsewhere with it.
      if (url.protocol === 'http:' && !isLoopback(url.hostname))
        throw new ProviderUnreachable(`${address}: only https is used beyond this machine`)
      const ended = deadlineSignal(timeoutMs, ...(signal === undefined ? [] : [signal]))
      const agent = url.protocol === 'http:' ? plain : secure
      try {
        const asked = { method, headers, signal: ended, agent, body: textOf(body), maxBytes: maxAnswerBytes }
        const answer = responseOf(await wholeAnswer(url, asked))
        // Messages need the URL, which a `Response` made by hand lacks.
        return Object.defineProperty(answer, 'url', { value: `${url.origin}${url.pathname}` })
      } catch (error) {
        throw new ProviderUnreachable(`${url.origin}${url.pathname}: ${reasonOf(error, timeoutMs)}`, { cause: error })
      }
    },
    close() {
      secure.destroy()
      plain.destroy()
    }
  }
}

function responseOf({ status, rawHeaders, body }: WholeAnswer): Response {
  const headers = new Headers()
  for (let i = 0; i < rawHeaders.length; i += 2) headers.append(rawHeaders[i]!, rawHeaders[i + 1]!)
  // Fetch §2.2.6: no body with these, and no status below 200.
  const isBare = status === 204 || status === 205 || status === 304
  return new Response(isBare ? null : new Uint8Array(body), { status, headers })
}

function textOf(body: unknown): string | null {
  if (body === undefined || body === null) return null
  if (typeof body === 'string' || body instanceof URLSearchParams) return String(body)
  throw new TypeError('a request to a provider has text alone')
}

function reasonOf(error: unknown, timeoutMs: number): string {
  const { name, code } = error as NodeJS.ErrnoException
  // OpenSSL's messages end with a line break.
  const message = (error as Error).message.replace(/\s+/g, ' ').trim()
  if (name === 'AbortError' || name === 'TimeoutError') return `no answer within ${timeoutMs / 1000} s`
  return code !== undefined && !message.includes(code) ? `${message} (${code})` : message || String(code)
}
