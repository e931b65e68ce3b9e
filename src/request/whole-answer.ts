/**
 * One request of the gate itself, with its whole answer. Node has no error for one that is cut off, takes one without a length for whole after a deadline, and
 * tells nobody of a server that switches protocols.
 */
import http from 'node:http'
import https from 'node:https'
import { refuseUpgrade } from '../platform/refuse-upgrade.ts'

export interface WholeAnswer {
  readonly status: number
  readonly headers: http.IncomingHttpHeaders
  readonly rawHeaders: readonly string[]
  readonly body: Buffer
}

interface OutgoingRequest extends https.RequestOptions {
  readonly signal: AbortSignal
  readonly body?: string | Buffer | null
  /** A longer answer is an error. */
  readonly maxBytes: number
  /** How messages name the answer. */
  readonly called?: string
  /** The error for an answer of this status, which is not read; null if it is read. */
  readonly refusal?: (status: number) => Error | null
}

/** Rejects with AbortError once `signal` aborts, and with what Node or `refusal` says. */
export function wholeAnswer(url: string | URL, asked: OutgoingRequest): Promise<WholeAnswer> {
  const { body = null, maxBytes, called = 'the answer', refusal, ...options } = asked
  const { request } = /^https:/i.test(String(url)) ? https : http
  return new Promise((resolve, reject) => {
    const sent = request(url, options, answer => {
      const { statusCode: status = 0, headers, rawHeaders } = answer
      const fail = (error: Error) => {
        // First, because the end of the answer may have come with its head.
        reject(error)
        sent.destroy(error)
      }
      const refused = refusal?.(status) ?? null
      if (refused !== null) fail(refused)
      const parts: Buffer[] = []
      let bytes = 0
      answer
        .on('data', (part: Buffer) => {
          bytes += part.length
          if (bytes > maxBytes) fail(new Error(`${called} is too long: it is larger than ${maxBytes} bytes`))
          else parts.push(part)
        })
        .on('error', reject)
        .on('end', () => {
          if (asked.signal.aborted) reject(new DOMException(`${called} came too late`, 'AbortError'))
          else resolve({ status, headers, rawHeaders, body: Buffer.concat(parts) })
        })
        .on('close', () => reject(new Error(`${called} broke off`)))
    })
    refuseUpgrade(sent).on('error', reject)
    sent.end(body ?? undefined)
  })
}
