/** One person's login at one app, and its record. The record is sealed as a whole, for its key, which names the account and the app. */
import { type Loose, RecordKind } from '../store/records.ts'

/** What an app says of the logins of people there. */
export interface UpstreamLoginTerms {
  /** True if forward-auth verdicts carry the login, so that a proxy adds it. */
  readonly inVerdict: boolean
}

interface StoredLogin {
  /** Another one for each entry, so that a late refusal of an earlier login changes nothing. */
  readonly id: string
  /** The whole value of `Authorization`. */
  readonly authorization: string
  /** Milliseconds since the epoch. */
  readonly storedAt: number
  /** When the app refused it; null if it did not. A refused login is not sent again. */
  readonly refusedAt: number | null
}

export const upstreamLoginRecord = new RecordKind<StoredLogin>({
  prefix: 'upstream-login:',
  version: 1,
  read: record => (isStored(record) ? (record as Loose & StoredLogin) : null)
})

/** Neither an account's id nor an app's has a colon. */
export function idOf(accountId: string, appId: string): string {
  return `${accountId}:${appId}`
}

/** Nothing that prints or serialises it shows the secret. */
export class UpstreamLogin {
  readonly id: string
  readonly storedAt: number
  readonly refusedAt: number | null
  readonly #authorization: string

  constructor({ id, authorization, storedAt, refusedAt }: StoredLogin) {
    this.id = id
    this.storedAt = storedAt
    this.refusedAt = refusedAt
    this.#authorization = authorization
  }

  /** The value of `Authorization`. */
  get authorization(): string {
    return this.#authorization
  }
}

function isStored({ id, authorization, storedAt, refusedAt }: Loose): boolean {
  return (
    typeof id === 'string' &&
    typeof authorization === 'string' &&
    /^Basic [A-Za-z0-9+/]+={0,2}$/.test(authorization) &&
    Number.isSafeInteger(storedAt) &&
    (refusedAt === null || Number.isSafeInteger(refusedAt))
  )
}
