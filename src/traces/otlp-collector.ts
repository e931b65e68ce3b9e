/** A collector that takes spans as JSON by OTLP/HTTP. It follows no redirect, otherwise another host would get the headers. */
import { readFile } from 'node:fs/promises'
import http from 'node:http'
import https from 'node:https'
import { deadlineSignal } from '../platform/deadline.ts'
import { wholeAnswer } from '../request/whole-answer.ts'
import { readHeaderLines } from './header-lines.ts'

interface CollectorTarget {
  readonly endpoint: string
  /** Read for each batch, because tokens are renewed. */
  readonly headersFile: string | null
  /** PEM; null for the authorities that Node.js knows. */
  readonly ca: string | null
}

export type Answer =
  | { readonly kind: 'taken'; readonly rejected: number; readonly problem: string | null }
  /** Worth another try. */
  | { readonly kind: 'later'; readonly problem: string; readonly retryAfterMs: number | null }
  | { readonly kind: 'refused'; readonly problem: string }

/** The default of OTLP exporters. */
const usualTimeoutMs = 10_000
const maxAnswerBytes = 64 * 1024
const maxRetryAfterMs = 600_000
/** OTLP/HTTP, "Retryable Response Codes". */
const retryable: ReadonlySet<number> = new Set([429, 502, 503, 504])

export class OtlpCollector {
  readonly #target: CollectorTarget
  readonly #timeoutMs: number
  #agent: http.Agent | null = null

  constructor(target: CollectorTarget, timeoutMs = usualTimeoutMs) {
    this.#target = target
    this.#timeoutMs = timeoutMs
  }

  /** Never rejects. `signal` ends it early. */
  async send(body: string, signal: AbortSignal): Promise<Answer> {
    try {
      return await this.#post(body, signal)
    } catch (error) {
      this.close()
      const { name, message, code } = error as NodeJS.ErrnoException
      const problem =
        name === 'TimeoutError' || (name === 'AbortError' && !signal.aborted)
          ? `the collector did not answer within ${this.#timeoutMs / 1000} s`
          : `the collector cannot be reached: ${message || code}`
      return { kind: 'later', problem, retryAfterMs: null }
    }
  }

  close(): void {
    this.#agent?.destroy()
    this.#agent = null
  }

  async #post(body: string, stop: AbortSignal): Promise<Answer> {
    const { endpoint, headersFile } = this.#target
    const read = headersFile === null ? { headers: {} } : readHeaderLines(await readFile(headersFile, 'utf8'))
    if ('problem' in read) return { kind: 'later', problem: `${headersFile} ${read.problem}`, retryAfterMs: null }
    const bytes = Buffer.from(body)
    const headers = {
      ...read.headers,
      'content-type': 'application/json',
      'content-length': String(bytes.length),
      'user-agent': 'factorgate'
    }
    const agent = await this.#connect()
    const {
      status,
      headers: found,
      body: answer
    } = await wholeAnswer(endpoint, {
      ...{ method: 'POST', headers, agent, body: bytes },
      signal: deadlineSignal(this.#timeoutMs, stop),
      maxBytes: maxAnswerBytes,
      called: 'its answer'
    })
    return answerOf(status, found, answer.toString('utf8'))
  }

  async #connect(): Promise<http.Agent> {
    if (this.#agent !== null) return this.#agent
    const { endpoint, ca } = this.#target
    const options = { keepAlive: true, maxSockets: 1 }
    this.#agent = endpoint.startsWith('http:')
      ? new http.Agent(options)
      : new https.Agent({ ...options, ...(ca === null ? {} : { ca: await readFile(ca, 'utf8') }) })
    return this.#agent
  }
}

function answerOf(status: number, headers: http.IncomingHttpHeaders, text: string): Answer {
  if (status >= 200 && status < 300) return { kind: 'taken', ...partialSuccess(text) }
  const problem =
    status === 401 || status === 403
      ? `the collector answered ${status}: it does not accept the headers of traces.headersFile`
      : status >= 300 && status < 400
        ? `the collector answered ${status}, and redirects are not followed`
        : `the collector answered ${status}`
  return retryable.has(status)
    ? { kind: 'later', problem, retryAfterMs: waitOf(headers) }
    : { kind: 'refused', problem }
}

/** `ExportTracePartialSuccess`: some spans may be rejected with a 200. */
function partialSuccess(text: string): { rejected: number; problem: string | null } {
  try {
    const { partialSuccess: partial } = JSON.parse(text) as { partialSuccess?: { rejectedSpans?: string | number } }
    const rejected = Number(partial?.rejectedSpans ?? 0)
    if (Number.isSafeInteger(rejected) && rejected > 0)
      return { rejected, problem: 'the collector rejects some of the spans' }
  } catch {}
  return { rejected: 0, problem: null }
}

/** RFC 9110 §10.2.3: seconds, or a date by the collector's own clock. */
function waitOf({ 'retry-after': after, date }: http.IncomingHttpHeaders): number | null {
  if (after === undefined) return null
  const ms = /^\d{1,6}$/.test(after) ? Number(after) * 1000 : Date.parse(after) - Date.parse(date ?? '')
  return Number.isNaN(ms) ? null : Math.min(Math.max(ms, 0), maxRetryAfterMs)
}
