/** The outcome of one try to send. */
export type SendOutcome =
  /** `answer`: the server's. */
  { readonly kind: 'sent'; readonly answer: string } | Failure

interface Failure {
  readonly kind: 'failed'
  /** The server refuses the recipient, so no retry can help. */
  readonly isFinal: boolean
  /** It may have arrived. */
  readonly isUnclear: boolean
  /** Other messages would fail too. */
  readonly isServers: boolean
  /** One line for operators, without secrets. */
  readonly why: string
}

export function failure(why: string, more: Partial<Omit<Failure, 'kind' | 'why'>> = {}): Failure {
  return { kind: 'failed', isFinal: false, isUnclear: false, isServers: false, why: oneLine(why), ...more }
}

/** A server's text as one line, for the log and the journal. */
export function oneLine(text: string): string {
  return text
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\s]+/gu, ' ')
    .trim()
    .slice(0, 300)
}
