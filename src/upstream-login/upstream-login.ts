/** One person's login at one app. It is sealed for its key, which names both. */
import { type Loose, RecordKind } from '../store/records.ts'

export interface UpstreamLoginTerms {
  /** True if forward-auth verdicts carry the login. */
  readonly inVerdict: boolean
}

interface StoredLogin {
  /** New at each entry, so a late refusal of an earlier login changes nothing. */
  readonly id: string
  readonly authorization: string
  /** Milliseconds since the epoch. */
  readonly storedAt: number
  /** A refused login is not sent again. */
  readonly refusedAt: number | null
}

export const upstreamLoginRecord = new RecordKind<StoredLogin>({
  prefix: 'upstream-login:',
  version: 1,
  read: record => (isStored(record) ? (record as Loose & StoredLogin) : null)
})

/** Neither id has a colon. */
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
