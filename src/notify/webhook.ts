/**
 * The client of webhooks: a POST of JSON, signed by Standard Webhooks (HMAC-SHA256 of id, time and body). No redirects: only the configured
 * address gets it.
 */
import { createHmac } from 'node:crypto'
import { wholeAnswer } from '../request/whole-answer.ts'
import { failure, type SendOutcome } from './outcome.ts'

interface WebhookTarget {
  readonly url: string
  /** `whsec_` and base64, or any text. */
  readonly secret: string
  /** PEM; null for Node's own authorities. */
  readonly ca: string | null
}

const usualTimeoutMs = 15_000
const maxAnswerBytes = 64 * 1024

/** `id` is the same for every try. `now` in milliseconds. Never rejects. */
export async function postWebhook(
  target: WebhookTarget,
  id: string,
  body: string,
  now: number,
  timeoutMs = usualTimeoutMs
): Promise<SendOutcome> {
  const timestamp = String(Math.floor(now / 1000))
  const headers = {
    'content-type': 'application/json',
    'user-agent': 'factorgate',
    'webhook-id': id,
    'webhook-timestamp': timestamp,
    'webhook-signature': signatureOf(target.secret, id, timestamp, body)
  }
  try {
    const status = await post(target, headers, body, timeoutMs)
    if (status >= 200 && status < 300) return { kind: 'sent', answer: String(status) }
    const why = `the webhook answered ${status}${status >= 300 && status < 400 ? ', and redirects are not followed' : ''}`
    // Standard Webhooks: 410 means that the webhook is gone.
    return failure(why, { isFinal: status === 410, isServers: status === 429 || status >= 500 })
  } catch (error) {
    return failure(reasonOf(error, timeoutMs), { isServers: true })
  }
}

/** `v1,` and the signature in base64. */
export function signatureOf(secret: string, id: string, timestamp: string, body: string): string {
  const key = secret.startsWith('whsec_') ? Buffer.from(secret.slice(6), 'base64') : Buffer.from(secret)
  return `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')}`
}

async function post(
  { url, ca }: WebhookTarget,
  headers: Record<string, string>,
  body: string,
  timeoutMs: number
): Promise<number> {
  const { status } = await wholeAnswer(url, {
    method: 'POST',
    headers: { ...headers, 'content-length': String(Buffer.byteLength(body)) },
    signal: AbortSignal.timeout(timeoutMs),
    // The other side may have closed a kept connection.
    agent: false,
    ...(ca === null ? {} : { ca }),
    body,
    maxBytes: maxAnswerBytes,
    called: 'the answer of the webhook'
  })
  return status
}

function reasonOf(error: unknown, timeoutMs: number): string {
  const { name, code, message } = error as NodeJS.ErrnoException
  if (name === 'AbortError' || name === 'TimeoutError') return `the webhook did not answer within ${timeoutMs / 1000} s`
  return code !== undefined && !message.includes(code) ? `${message} (${code})` : message || String(code)
}
