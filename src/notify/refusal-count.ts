/**
 * Counts wrong guesses for each account, in memory: at the tenth within an hour the person and the operators are told, once a day. It does
 * not ask the store, otherwise the time would tell unknown names from known ones (THREATS M15).
 */
import type { AuditEvent } from '../audit/event.ts'
import { hourMs } from '../clock.ts'
import type { Notice } from './notice.ts'

const refusalsForNotice = 10
const accountsKept = 10_000

interface Count {
  since: number
  count: number
}

export class RefusalCount {
  readonly #counts = new Map<string, Count>()

  /** Null for all but the guess at the limit. The id holds the day, so that several gates send one. */
  noticeOf(event: AuditEvent): Notice | null {
    const { kind, outcome, account, at } = event
    if ((kind !== 'login' && kind !== 'proof') || outcome !== 'refused' || account === undefined) return null
    if (event.factor === 'directory') return null
    const found = this.#counts.get(account)
    const isOver = found === undefined || at - found.since > hourMs || at < found.since
    const next = isOver ? { since: at, count: 1 } : { since: found.since, count: found.count + 1 }
    this.#counts.delete(account)
    // The accounts with the oldest guesses go first.
    if (this.#counts.size >= accountsKept) this.#counts.delete(this.#counts.keys().next().value as string)
    this.#counts.set(account, next)
    if (next.count !== refusalsForNotice) return null
    const { name, address } = event
    return {
      id: `refusals-${account}-${new Date(at).toISOString().slice(0, 10)}`,
      kind: 'refusals',
      at,
      to: [{ kind: 'account', id: account }, { kind: 'operators' }],
      account,
      name,
      facts: { count: next.count, address }
    }
  }
}
