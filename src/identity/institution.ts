/** The port of logins that are checked elsewhere and come back through the browser: OIDC, SAML, a trusted header, a client certificate. */
import type { ErrorCode } from '../errors.ts'
import type { Arrival, Source } from './arrival.ts'

export type InstitutionKind = 'oidc' | 'saml' | 'header' | 'certificate'

/** Why somebody does not get in. `detail` is for the log and the journal: one line, no secret, no text of the other side unless it is quoted. */
export interface InstitutionRefusal {
  readonly kind: 'refused'
  readonly code: Extract<ErrorCode, `institution_${string}`>
  readonly detail: string
}

/** What the institution calls its own session, so that its sign-out ends ours, and ours its. */
export interface InstitutionSession {
  /** Its id of the session (`sid`, `SessionIndex`); null where it has none. */
  readonly sid: string | null
  /** What it wants to see of a sign-out (an ID token, a NameID as JSON); null where nothing. It is stored sealed. */
  readonly hint: string | null
  /** Milliseconds since the epoch after which the institution no longer vouches; null where it does not say. */
  readonly endsAt: number | null
}

export interface Arrived {
  readonly kind: 'arrived'
  readonly arrival: Arrival
  readonly session: InstitutionSession
}

export type InstitutionAnswer = Arrived | InstitutionRefusal

export const refused = (code: InstitutionRefusal['code'], detail: string): InstitutionRefusal => ({
  kind: 'refused',
  code,
  detail
})

/** What all of them have. Each kind adds its own verbs; its routes in `plugins/portal/institutions/` know them. */
export interface Institution {
  readonly source: Source
  readonly kind: InstitutionKind
  /** True where a person can be sent there to show a second factor anew. */
  readonly asksForMfa: boolean
  /**
   * Where a browser goes that signs out there too; null where the institution has no such thing. `returnTo`: our page of those who have signed out.
   * Never rejects: who signs out here is signed out, whatever the institution does. `now` in milliseconds.
   */
  signOutUrl?(
    session: InstitutionSession & { readonly externalId: string },
    returnTo: string,
    now: number
  ): Promise<string | null>
  /** The origin of that address, as far as it is known now: a page's policy must name where its form may lead (CSP3 §6.4.1). */
  signOutOrigin?(now: number): string | null
  /** Ends what it keeps open. */
  close?(): void | Promise<void>
}
