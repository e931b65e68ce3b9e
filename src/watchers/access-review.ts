/** Asks the store whether sessions, program tokens and accounts still have access, and ends the connections of those that do not. */
import type { LiveConnections } from '../forwarding/live-connections.ts'
import { accountPrefix } from '../identity/account.ts'
import { accountRecord } from '../identity/account-record.ts'
import { programTokenRecord } from '../programs/program-token.ts'
import type { ProgramTokens } from '../programs/program-tokens.ts'
import { sessionKey } from '../session/records.ts'
import type { Sessions } from '../session/sessions.ts'
import { RecordTooNew, type Store } from '../store/store.ts'

export interface AccessReviewOptions {
  readonly store: Store
  readonly sessions: Sessions
  readonly tokens: Pick<ProgramTokens, 'stands'>
  readonly live: LiveConnections
  /** Requests are then refused; connections are reviewed again when it is back. */
  readonly onError: (error: unknown) => void
}

const sessionPrefix = sessionKey('')

/** None of its methods throws or rejects. */
export class AccessReview {
  /** Called with the key of each record that the store has given. */
  onAnswer: (key: string) => void = () => {}
  readonly #options: AccessReviewOptions

  constructor(options: AccessReviewOptions) {
    this.#options = options
  }

  /** A suspension shows only in an account. */
  sessionsAndTokens(): void {
    const { live } = this.#options
    for (const id of live.sessionIds()) void this.#session(id)
    for (const id of live.tokenIds()) void this.#token(id)
  }

  everything(): void {
    this.sessionsAndTokens()
    for (const id of this.#options.live.accountIds()) void this.#account(id)
  }

  changed(key: string): void {
    const { live } = this.#options
    if (key.startsWith(sessionPrefix)) {
      const id = key.slice(sessionPrefix.length)
      if (live.hasSession(id)) void this.#session(id)
    } else if (key.startsWith(programTokenRecord.prefix)) {
      void this.#token(key.slice(programTokenRecord.prefix.length))
    } else if (key.startsWith(accountPrefix)) {
      const id = key.slice(accountPrefix.length)
      if (live.hasAccount(id)) void this.#account(id)
    }
  }

  async #session(id: string): Promise<void> {
    const { sessions, live, onError } = this.#options
    try {
      const standing = await sessions.standing(id)
      if (standing === 'ended') live.endSession(id, 'session ended')
      // The authenticator of its proof was removed.
      if (standing === 'half-way') live.endComplete(id, 'factors changed')
      this.onAnswer(sessionKey(id))
    } catch (error) {
      // A newer release's session admits nobody here.
      if (error instanceof RecordTooNew) live.endSession(id, 'session ended')
      onError(error)
    }
  }

  async #token(id: string): Promise<void> {
    const { tokens, live, onError } = this.#options
    try {
      if (!(await tokens.stands(id))) live.endToken(id, 'token revoked')
      this.onAnswer(programTokenRecord.key(id))
    } catch (error) {
      if (error instanceof RecordTooNew) live.endToken(id, 'token revoked')
      onError(error)
    }
  }

  async #account(id: string): Promise<void> {
    const { store, sessions, live, onError } = this.#options
    try {
      const text = await store.get(accountPrefix + id)
      // Null also for a newer release's record, which admits nobody here.
      const stored = text === null ? null : accountRecord.parseIfKnown(text)
      const account = stored === null ? null : sessions.accountNow(stored)
      // Also the reason of the Close frame.
      if (account === null) live.endAccount(id, 'access ended')
      else if (account.suspended !== null) live.endAccount(id, 'account suspended')
      else live.endAccountUnless(id, account.groups, 'groups changed')
      this.onAnswer(accountPrefix + id)
    } catch (error) {
      onError(error)
    }
  }
}
