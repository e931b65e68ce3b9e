/** What an institution (LDAP, OIDC, SAML, a proxy in front, a certificate) says of a person who has signed in there. */

/** Its sender is verified and nothing else: names may hold anything. `admission.ts` makes an account of it. */
export interface Arrival {
  /** The institution's id of the person. It never changes, and no other person gets it. */
  readonly externalId: string
  readonly name: string
  readonly displayName: string | null
  readonly email: string | null
  /** Null where it says nothing of groups: those that the account has here stay. */
  readonly groups: readonly string[] | null
  /** A second factor that was checked there. */
  readonly mfa: { readonly at: number } | null
}

/** How an institution's people become accounts: `identity[]` of the configuration. */
export interface Source {
  readonly id: string
  readonly title: string
  /** The part behind `@` in their names; null for the bare name. */
  readonly realm: string | null
  /** From their groups to ours; null keeps theirs. */
  readonly groupMap: Readonly<Record<string, string>> | null
  readonly enrolment: EnrolmentMode
}

/** Who may add a first second factor: `until` in milliseconds since the epoch. */
export type EnrolmentMode = 'invitation' | 'sponsor' | { readonly until: number }

const displayNameMax = 128
const emailMax = 254
const groupMax = 256
/** No person has more, and each makes the record longer. */
const groupsMax = 10_000

/** Control characters, line separators, and marks that turn the direction of letters round (Unicode UAX #9). */
const unseen = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u061c\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff\ufff9-\ufffb]/u
const allUnseen = new RegExp(unseen, 'gu')

/** Null where nothing is left. */
export function cleanDisplayName(text: string | null): string | null {
  const clean = (text ?? '').replace(allUnseen, ' ').replace(/\s+/g, ' ').trim()
  return clean === '' ? null : [...clean].slice(0, displayNameMax).join('')
}

/** Null for anything but an address of the common form. */
export function cleanEmail(text: string | null): string | null {
  const email = (text ?? '').trim()
  return email.length <= emailMax && !unseen.test(email) && /^[^\s@,;<>"]+@[^\s@,;<>"]+$/.test(email) ? email : null
}

/** The groups' names in rules. A group that cannot be a name is left out: it grants nothing. */
export function cleanGroups(groups: readonly string[], map: Source['groupMap']): string[] {
  const ours = map === null ? groups : groups.flatMap(group => (Object.hasOwn(map, group) ? [map[group]!] : []))
  const clean = ours
    .map(group => group.trim())
    .filter(group => group !== '' && group.length <= groupMax && !unseen.test(group))
  return [...new Set(clean)].slice(0, groupsMax)
}
