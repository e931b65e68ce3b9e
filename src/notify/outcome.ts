/** What became of one try to send. */
export type Outcome =
  /** `answer`: what the server said. */
  { readonly kind: 'sent'; readonly answer: string } | Failure

export interface Failure {
  readonly kind: 'failed'
  /** No retry can help: the server knows no such recipient. */
  readonly isFinal: boolean
  /** It may have arrived all the same. */
  readonly isUnclear: boolean
  /** Other messages would fail too, for example because the server is down. */
  readonly isServers: boolean
  /** One line for operators, without secrets. */
  readonly why: string
}

export function failure(why: string, more: Partial<Omit<Failure, 'kind' | 'why'>> = {}): Failure {
  return { kind: 'failed', isFinal: false, isUnclear: false, isServers: false, why: oneLine(why), ...more }
}

/** What another server says becomes one short line: it goes into the log and the journal. */
export function oneLine(text: string): string {
  return text
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\s]+/gu, ' ')
    .trim()
    .slice(0, 300)
}
