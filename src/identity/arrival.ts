/** What an institution (LDAP, OIDC, SAML, a proxy in front, a certificate) says of a person who has signed in there. */

/** Only the sender is verified: names may hold anything. `admission.ts` makes an account of it. */
export interface Arrival {
  /** The permanent id there. */
  readonly externalId: string
  readonly name: string
  readonly displayName: string | null
  readonly email: string | null
  /** Null if it says nothing of groups; the account keeps its groups. */
  readonly groups: readonly string[] | null
  /** A second factor that the institution checked. */
  readonly mfa: { readonly at: number } | null
}

/** `identity[]` of the configuration. */
export interface Source {
  readonly id: string
  readonly title: string
  /** The part after `@` in their names; null for the bare name. */
  readonly realm: string | null
  /** From the institution's groups to ours; null keeps the institution's. */
  readonly groupMap: Readonly<Record<string, string>> | null
  readonly enrolment: EnrolmentMode
}

/** Who may add a first second factor. `until` is in milliseconds since the epoch. */
export type EnrolmentMode = 'invitation' | 'sponsor' | { readonly until: number }

const maxDisplayNameLength = 128
const maxEmailLength = 254
const maxGroupLength = 256
const maxGroups = 10_000

/** Control characters, line separators and direction marks (Unicode UAX #9). */
const unseen = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u061c\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff\ufff9-\ufffb]/u
const allUnseen = new RegExp(unseen, 'gu')

/** Null for an empty result. */
export function cleanDisplayName(text: string | null): string | null {
  const clean = (text ?? '').replace(allUnseen, ' ').replace(/\s+/g, ' ').trim()
  return clean === '' ? null : [...clean].slice(0, maxDisplayNameLength).join('')
}

/** Null for anything but a common address. */
export function cleanEmail(text: string | null): string | null {
  const email = (text ?? '').trim()
  return email.length <= maxEmailLength && !unseen.test(email) && /^[^\s@,;<>"]+@[^\s@,;<>"]+$/.test(email)
    ? email
    : null
}

/** Null without a map. */
export function mappedGroups(groups: readonly string[], map: Source['groupMap']): readonly string[] | null {
  return map === null ? null : [...new Set(groups.filter(group => Object.hasOwn(map, group)))]
}

/** The groups' names in rules, without those that cannot be a name. */
export function cleanGroups(groups: readonly string[], map: Source['groupMap']): string[] {
  const ours = map === null ? groups : groups.flatMap(group => (Object.hasOwn(map, group) ? [map[group]!] : []))
  const clean = ours
    .map(group => group.trim())
    .filter(group => group !== '' && group.length <= maxGroupLength && !unseen.test(group))
  return [...new Set(clean)].slice(0, maxGroups)
}
