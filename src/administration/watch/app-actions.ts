/** What operators do in the console about changed apps. */
import type { AuditSink } from '../../audit/event.ts'
import type { Clock } from '../../clock.ts'
import { GateError } from '../../errors.ts'
import type { Finding } from '../../integrity/finding.ts'
import type { Store } from '../../store/store.ts'
import { AppChanges, type AppState } from '../app-changes.ts'
import { type Acting, recordBy } from '../operator-actions.ts'
import { roleOf } from '../roles.ts'

interface AppActionsInput {
  readonly store: Store
  readonly clock: Clock
  readonly audit: AuditSink
  /** In the order of the configuration. */
  readonly apps: readonly string[]
}

export class AppActions {
  readonly #input: AppActionsInput

  constructor(input: AppActionsInput) {
    this.#input = input
  }

  /** Apps with something known or announced. Rejects with StoreUnreachable. */
  async read(): Promise<readonly AppState[]> {
    const { store, clock, apps } = this.#input
    const states = await new AppChanges({ store, clock, record: async () => {} }).read(apps)
    return states.filter(({ since, findings, changing }) => since !== null || findings.length > 0 || changing !== null)
  }

  has(app: string): boolean {
    return this.#input.apps.includes(app)
  }

  /** Null if the finding is not open. */
  approve(by: Acting, app: string, finding: string): Promise<Finding | null> {
    return this.#changes(by).approve(app, finding, by.why)
  }

  /** 0 seconds end an announced change. */
  async announce(by: Acting, app: string, seconds: number): Promise<void> {
    await this.#changes(by).announce(app, seconds, by.why, by.principal.account.name)
  }

  #changes(by: Acting): AppChanges {
    const { store, clock, audit } = this.#input
    if (roleOf(by.principal.account) !== 'operator') throw new GateError('not_allowed')
    if (!audit.writable) throw new GateError('journal_unwritable', { retryAfterSeconds: 2 })
    return new AppChanges({ store, clock, record: recordBy(audit, by) })
  }
}
