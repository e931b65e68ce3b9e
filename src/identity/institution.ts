/** The port of logins that are checked elsewhere and return through the browser: OIDC, SAML, a trusted header, a client certificate. */
import type { ErrorCode } from '../errors.ts'
import type { Arrival, Source } from './arrival.ts'

type InstitutionKind = 'oidc' | 'saml' | 'header' | 'certificate'

/** `detail` is for the log and the journal: one line without secrets, with the institution's text in quotes. */
export interface InstitutionRefusal {
  readonly kind: 'refused'
  readonly code: Extract<ErrorCode, `institution_${string}`>
  readonly detail: string
  /** The wait that a provider in trouble asks for. */
  readonly retryAfterSeconds?: number
}

/** The institution's session: its sign-out ends ours, and the reverse. */
export interface InstitutionSession {
  /** `sid` or `SessionIndex`; null where it has none. */
  readonly sid: string | null
  /** What it calls the person in a sign-out that names no session, unique in its directory. Absent if it always uses the external id. */
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

/** What a running session was begun with. */
export type ReviewedSession = InstitutionSession & { readonly externalId: string }

/** `unknown`: it cannot be asked now, and nobody loses anything for that. */
export type Vouching = 'stands' | 'gone' | 'unknown'

/** Each kind adds methods for its routes in `plugins/portal/institutions/`. */
export interface Institution {
  readonly source: Source
  readonly kind: InstitutionKind
  /** True if a person can show a second factor there anew. */
  readonly asksForMfa: boolean
  /**
   * Where a browser signs out there too, or null. `returnTo`: our page after a sign-out. Never rejects, since a sign-out here does not
   * depend on it. `now` in milliseconds.
   */
  signOutUrl?(
    session: InstitutionSession & { readonly externalId: string },
    returnTo: string,
    now: number
  ): Promise<string | null>
  /** The origin of that address, if known. A page's policy must name where its form may lead (CSP3 §6.4.1). */
  signOutOrigin?(now: number): string | null
  /** Whether it still vouches for whoever began this session. Absent where the gate cannot ask without the person. `now` in milliseconds. */
  review?(session: ReviewedSession, now: number): Promise<Vouching>
  /** Differs where `review` may answer differently, for example with a new revocation list. */
  reviewMark?(): Promise<string>
  /** How long somebody for whom it does not vouch any more may keep their access; absent without `review`. */
  readonly refreshSeconds?: number
  /** Why it could not be asked the last time, in words without secrets; null where it could, or has not been asked. */
  readonly trouble?: string | null
  close?(): void | Promise<void>
}
