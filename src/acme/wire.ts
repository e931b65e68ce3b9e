/** HTTP to an ACME server: one origin, no redirects, and bounds of size and time for every answer. */
import type http from 'node:http'
import { dayMs } from '../clock.ts'
import { deadlineSignal } from '../platform/deadline.ts'
import { wholeAnswer } from '../request/whole-answer.ts'
import { AcmeError, quoted } from './acme-error.ts'

interface WireOptions {
  /** All addresses must have its origin. */
  readonly directory: string
  readonly ca: string | null
  readonly userAgent: string
  readonly timeoutMs?: number
}

export interface WireAnswer {
  readonly status: number
  readonly headers: http.IncomingHttpHeaders
  readonly body: Buffer
  /** The wait of `Retry-After`, at most a week; null without one. */
  readonly retryAfterMs: number | null
}

interface WireRequest {
  readonly method: 'GET' | 'HEAD' | 'POST'
  readonly url: string
  readonly body?: string
  readonly accept?: string
}

const timeoutMs = 30_000
/** A chain of certificates has some 10 KB. */
const maxBytes = 128 * 1024
const weekMs = 7 * dayMs

export class Wire {
  readonly #options: WireOptions
  readonly #origin: string
  readonly #clock: () => number

  constructor(options: WireOptions, clock: () => number = Date.now) {
    this.#options = options
    this.#origin = new URL(options.directory).origin
    this.#clock = clock
  }

  /** A status of 4xx or 5xx is an answer. Rejects with AcmeError where none is usable. */
  async send(asked: WireRequest, signal?: AbortSignal): Promise<WireAnswer> {
    const url = this.#checked(asked.url)
    const limit = this.#options.timeoutMs ?? timeoutMs
    const ended = deadlineSignal(limit, ...(signal === undefined ? [] : [signal]))
    try {
      const answer = await this.#exchange(url, asked, ended)
      if (answer.status >= 300 && answer.status < 400)
        throw new AcmeError(
          `${addressOf(url)} redirects to ${quoted(answer.headers.location)}; redirects are not followed`
        )
      return answer
    } catch (error) {
      if (error instanceof AcmeError) throw error
      const { name, message, code } = error as NodeJS.ErrnoException
      const isTimeout = name === 'AbortError' || name === 'TimeoutError'
      const why = isTimeout ? `no whole answer within ${limit / 1000} s` : message || String(code)
      throw new AcmeError(`${addressOf(url)} cannot be used: ${quoted(why)}`, { cause: error })
    }
  }

  /** A lying server must not make us ask others (THREATS K1). */
  #checked(text: string): URL {
    const url = URL.canParse(text) ? new URL(text) : null
    if (url === null || url.username !== '' || url.password !== '')
      throw new AcmeError(`the ACME server names an address that is none: ${quoted(text)}`)
    if (url.origin !== this.#origin)
      throw new AcmeError(
        `the ACME server ${this.#origin} sends us to ${quoted(url.origin)}, which is another server; that is not done`
      )
    return url
  }

  async #exchange(url: URL, { method, body, accept }: WireRequest, signal: AbortSignal): Promise<WireAnswer> {
    const { ca, userAgent } = this.#options
    const headers: http.OutgoingHttpHeaders = { 'user-agent': userAgent, accept: accept ?? 'application/json' }
    if (body !== undefined) Object.assign(headers, jose, { 'content-length': Buffer.byteLength(body) })
    const trust = ca === null ? {} : { ca }
    const answer = await wholeAnswer(url, {
      method,
      headers,
      signal,
      agent: false,
      ...trust,
      body: body ?? null,
      maxBytes
    })
    return { ...answer, retryAfterMs: readRetryAfter(answer.headers['retry-after'], this.#clock()) }
  }
}

const jose = { 'content-type': 'application/jose+json' }

function addressOf(url: URL): string {
  return `${url.origin}${quoted(url.pathname)}`
}

/** RFC 9110 §10.2.3: seconds or a date. Null for nonsense. */
function readRetryAfter(text: string | undefined, now: number): number | null {
  if (text === undefined) return null
  const at = /^\d{1,9}$/.test(text) ? Number(text) * 1000 : Date.parse(text) - now
  return Number.isFinite(at) && at >= 0 ? Math.min(at, weekMs) : null
}
