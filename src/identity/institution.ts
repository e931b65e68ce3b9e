/** The port of logins that are checked elsewhere and return through the browser: OIDC, SAML, a trusted header, a client certificate. */
import type { ErrorCode } from '../errors.ts'
import type { Arrival, Source } from './arrival.ts'

type InstitutionKind = 'oidc' | 'saml' | 'header' | 'certificate'

/** `detail` is for the log and the journal: one line without secrets, the institution's text in quotes. */
export interface InstitutionRefusal {
  readonly kind: 'refused'
  readonly code: Extract<ErrorCode, `institution_${string}`>
  readonly detail: string
  /** The wait that a provider in trouble asks for. */
  readonly retryAfterSeconds?: number
}

/** Its sign-out ends ours, and the reverse. */
export interface InstitutionSession {
  /** `sid` or `SessionIndex`; null where it has none. */
  readonly sid: string | null
  /** The person's name in a sign-out that names no session, unique in its directory. Absent if that is the external id. */
  readonly nameThere?: string | null
  /** What its sign-out needs (an ID token, a NameID as JSON), stored sealed. */
  readonly hint: string | null
  /** When the institution stops vouching, in milliseconds since the epoch. */
  readonly endsAt: number | null
}

export interface Arrived {
  readonly kind: 'arrived'
  readonly arrival: Arrival
  readonly session: InstitutionSession
}

export type InstitutionAnswer = Arrived | InstitutionRefusal

export const refused = (
  code: InstitutionRefusal['code'],
  detail: string,
  retryAfterSeconds?: number | null
): InstitutionRefusal => ({
  kind: 'refused',
  code,
  detail,
  ...(retryAfterSeconds == null ? {} : { retryAfterSeconds })
})

export type ReviewedSession = InstitutionSession & { readonly externalId: string }

/** `unknown`: it cannot be asked now; the session stays. */
export type Vouching = 'stands' | 'gone' | 'unknown'

/** Each kind adds methods for its routes in `plugins/portal/institutions/`. */
export interface Institution {
  readonly source: Source
  readonly kind: InstitutionKind
  /** True if a person can show a second factor there anew. */
  readonly asksForMfa: boolean
  /** Where a browser signs out there too, or null. `returnTo`: our page after a sign-out. Never rejects. `now` in milliseconds. */
  signOutUrl?(
    session: InstitutionSession & { readonly externalId: string },
    returnTo: string,
    now: number
  ): Promise<string | null>
  /** The origin of that address, if known. A page's policy must name where its form may lead (CSP3 §6.4.1). */
  signOutOrigin?(now: number): string | null
  /** Whether it still vouches for the person of this session. Absent if the gate cannot ask without the person. `now` in milliseconds. */
  review?(session: ReviewedSession, now: number): Promise<Vouching>
  /** Differs if `review` may answer differently, for example with a new revocation list. */
  reviewMark?(): Promise<string>
  /** How long a person may keep their access after it stops vouching; absent without `review`. */
  readonly refreshSeconds?: number
  /** Why the last question failed, in words without secrets; null if it did not. */
  readonly trouble?: string | null
  close?(): void | Promise<void>
}
