/** Its message is a sentence for operators and holds no secrets. */

export class AcmeError extends Error {
  override readonly name = 'AcmeError'
  /** The end of the problem's `type` (RFC 8555 §6.7), such as `rateLimited`; null without one. */
  readonly type: string | null
  /** The pause that the server asks for; null without one. */
  readonly retryAfterMs: number | null

  constructor(message: string, more: { type?: string | null; retryAfterMs?: number | null; cause?: unknown } = {}) {
    super(message, { cause: more.cause })
    this.type = more.type ?? null
    this.retryAfterMs = more.retryAfterMs ?? null
  }
}

const maxShown = 300

/** Another's text for a message: one line of printable characters, cut at a limit. */
export function quoted(text: unknown): string {
  const line = String(text ?? '')
    .replaceAll(/[\p{C}\p{Z}]+/gu, ' ')
    .trim()
  return line.length > maxShown ? `${line.slice(0, maxShown)}…` : line
}
