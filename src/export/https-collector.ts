/** A destination that takes batches of NDJSON by HTTPS POST, with a bearer token. No redirects, otherwise another host would get the token. */
import http from 'node:http'
import https from 'node:https'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { wholeAnswer } from '../request/whole-answer.ts'
import { type Destination, ExportFailure, reasonOf, type TlsFiles } from './destination.ts'
import type { Outgoing } from './export-line.ts'
import { readOne, readTlsFiles } from './tls-files.ts'

export interface CollectorOptions {
  readonly url: string
  readonly tls: TlsFiles
  /** A file that is read for each batch, because tokens are renewed; null for none. */
  readonly tokenFile: string | null
  readonly compresses: boolean
  readonly timeoutMs?: number
}

const usualTimeoutMs = 30_000
const maxAnswerBytes = 256 * 1024
/** The longest wait that a collector may ask for, in milliseconds. */
const maxRetryAfterMs = 600_000
const pack = promisify(gzip)

export class HttpsCollector implements Destination {
  readonly isAcknowledged = true
  readonly #options: CollectorOptions
  #agent: Promise<http.Agent> | null = null

  constructor(options: CollectorOptions) {
    this.#options = options
  }

  async send(lines: readonly Outgoing[]): Promise<void> {
    const { status, retryAfter } = await this.#post(lines.map(({ text }) => `${text}\n`).join(''))
    if (status >= 200 && status < 300) return
    // RFC 9110 §15.5.14: the batch is too large, not each line of it.
    if (status === 413 && lines.length > 1) {
      const half = Math.ceil(lines.length / 2)
      await this.send(lines.slice(0, half))
      return this.send(lines.slice(half))
    }
    throw new ExportFailure(wordsFor(status, lines), { retryAfterMs: waitOf(retryAfter) })
  }

  async confirm(): Promise<void> {}

  reset(): void {
    this.#agent?.then(
      agent => agent.destroy(),
      () => {}
    )
    this.#agent = null
  }

  async #post(body: string): Promise<{ readonly status: number; readonly retryAfter: string | undefined }> {
    const { url, tokenFile, compresses, timeoutMs = usualTimeoutMs } = this.#options
    const bytes = compresses ? await pack(body) : Buffer.from(body)
    const headers: Record<string, string> = {
      'content-type': 'application/x-ndjson',
      'content-length': String(bytes.length),
      'user-agent': 'factorgate'
    }
    if (compresses) headers['content-encoding'] = 'gzip'
    if (tokenFile !== null) headers.authorization = `Bearer ${(await readOne(tokenFile)).trim()}`
    this.#agent ??= this.#makeAgent()
    const agent = await this.#agent
    const signal = AbortSignal.timeout(timeoutMs)
    try {
      const answer = await wholeAnswer(url, {
        ...{ method: 'POST', headers, agent, signal, body: bytes },
        maxBytes: maxAnswerBytes,
        called: 'its answer'
      })
      return { status: answer.status, retryAfter: answer.headers['retry-after'] }
    } catch (error) {
      const { name } = error as Error
      if (name === 'AbortError' || name === 'TimeoutError')
        throw new ExportFailure(`the collector did not answer within ${timeoutMs / 1000} s`)
      throw new ExportFailure(`the collector cannot be reached: ${reasonOf(error)}`)
    }
  }

  async #makeAgent(): Promise<http.Agent> {
    const options = { keepAlive: true, maxSockets: 1 }
    if (this.#options.url.startsWith('http:')) return new http.Agent(options)
    return new https.Agent({ ...options, ...(await readTlsFiles(this.#options.tls)) })
  }
}

function wordsFor(status: number, lines: readonly Outgoing[]): string {
  if (status === 401 || status === 403) return `the collector answered ${status}: it does not accept the token`
  if (status >= 300 && status < 400) return `the collector answered ${status}, and redirects are not followed`
  const [first] = lines
  const about = status < 500 && status !== 429 && first !== undefined ? ` to the lines from ${first.line.seq} on` : ''
  return `the collector answered ${status}${about}`
}

/** The wait in milliseconds (RFC 9110 §10.2.3). Null if the collector names no time, or a date. */
function waitOf(retryAfter: string | undefined): number | null {
  return retryAfter !== undefined && /^\d{1,6}$/.test(retryAfter)
    ? Math.min(Number(retryAfter) * 1000, maxRetryAfterMs)
    : null
}
