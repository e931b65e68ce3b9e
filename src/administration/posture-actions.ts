/** The posture in the operators' console. Each journal line names the operator. */
import type { AuditSink } from '../audit/event.ts'
import { GateError } from '../errors.ts'
import { type Turn, type Turned, turnDial } from '../posture/dial-record.ts'
import { endedLine, turnedLine } from '../posture/events.ts'
import type { Dial, PostureLevel } from '../posture/posture.ts'
import type { Postures } from '../posture/postures.ts'
import type { PostureTerms } from '../posture/tightening-of.ts'
import type { Store } from '../store/store.ts'
import { evenUnconfirmed } from '../store/unconfirmed.ts'
import type { Acting } from './operator-actions.ts'
import type { WhoStaysIn } from './who-stays-in.ts'

interface PosturePart {
  readonly store: Store
  readonly audit: AuditSink
  readonly postures: Pick<Postures, 'dial' | 'level' | 'read'>
  readonly terms: PostureTerms
  /** In the order of the configuration. */
  readonly apps: readonly { readonly id: string; readonly title: string; readonly isReportOnly: boolean }[]
  readonly whoStaysIn: () => Promise<WhoStaysIn>
}

export class PostureActions {
  readonly #parts: PosturePart

  constructor(parts: PosturePart) {
    this.#parts = parts
  }

  get terms(): PostureTerms {
    return this.#parts.terms
  }

  get apps(): PosturePart['apps'] {
    return this.#parts.apps
  }

  /** Null if the settings were never read. */
  get dial(): Dial | null {
    return this.#parts.postures.dial
  }

  level(app: string | null): PostureLevel {
    return this.#parts.postures.level(app)
  }

  whoStaysIn(): Promise<WhoStaysIn> {
    return this.#parts.whoStaysIn()
  }

  /**
   * This gate obeys when it resolves. Throws DialError, GateError `journal_unwritable`, RecordTooNew, StoreUnreachable, and
   * StoreUnconfirmed if it is set but not confirmed.
   */
  async set(by: Acting, { level, app, until }: Pick<Turn, 'level' | 'app' | 'until'>): Promise<Turned> {
    const { store, audit, postures } = this.#parts
    if (!audit.writable) throw new GateError('journal_unwritable', { retryAfterSeconds: 2 })
    const { account } = by.principal
    const turn: Turn = { level, app, until, why: by.why, by: account.name }
    const turned = await turnDial(store, turn, by.now)
    const unconfirmed = await evenUnconfirmed(() => store.settle?.())
    await postures.read()
    for (const ended of turned.ended) audit.record({ at: by.now, ...endedLine(ended) })
    const who = { by: 'console', operator: account.name, request: by.request, address: by.address }
    await audit.commit({
      at: by.now,
      ...turnedLine(turn, turned),
      ...who,
      ...(unconfirmed === null ? {} : { confirmed: false })
    })
    if (unconfirmed !== null) throw unconfirmed
    return turned
  }
}
