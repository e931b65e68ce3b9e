/** The header profiles: names and encodings by which products read a person from a proxy (their sources and documentation of November 2026). */

export const headerEncodings = ['utf-8', 'latin-1', 'percent', 'rfc2047', 'quoted-printable', 'ascii'] as const
export type HeaderEncoding = (typeof headerEncodings)[number]

export const groupSeparators = [',', ';', '|', ' '] as const
type GroupSeparator = (typeof groupSeparators)[number]

export const nameChoices = ['current', 'original'] as const
type NameChoice = (typeof nameChoices)[number]

/** Null for a header that is not sent. */
export interface IdentityHeaders {
  readonly user: string | null
  /** The sign-in name again. */
  readonly preferredUsername?: string | null
  readonly name: string | null
  readonly email: string | null
  readonly groups: string | null
  readonly groupSeparator?: GroupSeparator
  /** Default: utf-8. */
  readonly encoding?: HeaderEncoding
  /** Whether an app gets the present or the first name of a renamed person. Default: current. */
  readonly names?: NameChoice
  /** The header of `secret`, by which the app knows the gate. */
  readonly secretHeader?: string | null
  readonly secret?: string
  /** Whether verdicts carry it too. A proxy open to all would show it. */
  readonly secretInVerdict?: boolean
}

type Profile = Required<Omit<IdentityHeaders, 'secret' | 'secretInVerdict' | 'names'>>

const none = {
  preferredUsername: null,
  name: null,
  email: null,
  groups: null,
  groupSeparator: ',',
  secretHeader: null
} as const

const headerProfiles = {
  // Authelia's names, which most apps with "trusted header" sign-in know (authelia.com, "Trusted Header SSO").
  'remote-user': {
    ...none,
    user: 'Remote-User',
    name: 'Remote-Name',
    email: 'Remote-Email',
    groups: 'Remote-Groups',
    encoding: 'utf-8'
  },
  // oauth2-proxy towards an upstream. Products take User and Preferred-Username as a sign-in name, so neither holds a display name, which
  // people may choose (pkg/apis/options/legacy_options.go, pkg/middleware/headers.go).
  'x-forwarded-user': {
    ...none,
    user: 'X-Forwarded-User',
    preferredUsername: 'X-Forwarded-Preferred-Username',
    email: 'X-Forwarded-Email',
    groups: 'X-Forwarded-Groups',
    encoding: 'utf-8'
  },
  // oauth2-proxy behind nginx' auth_request (`--set-xauthrequest`), same sources.
  'x-auth-request': {
    ...none,
    user: 'X-Auth-Request-User',
    preferredUsername: 'X-Auth-Request-Preferred-Username',
    email: 'X-Auth-Request-Email',
    groups: 'X-Auth-Request-Groups',
    encoding: 'utf-8'
  },
  // Grafana's [auth.proxy], with `headers = Name:X-WEBAUTH-NAME Email:X-WEBAUTH-EMAIL Groups:X-WEBAUTH-GROUPS`. With `headers_encoded =
  // true` it decodes quoted-printable (pkg/services/authn/clients/proxy.go).
  'x-webauth-user': {
    ...none,
    user: 'X-WEBAUTH-USER',
    name: 'X-WEBAUTH-NAME',
    email: 'X-WEBAUTH-EMAIL',
    groups: 'X-WEBAUTH-GROUPS',
    encoding: 'utf-8'
  },
  // Posit Workbench (`auth-proxy=1`): the name of a system account, so ASCII (administration guide, "Proxied Authentication").
  rstudio: { ...none, user: 'X-RStudio-Username', encoding: 'ascii' },
  // Galaxy's `use_remote_user` reads HTTP_REMOTE_USER, an e-mail address, and HTTP_GX_SECRET. Some servers drop names with `_`
  // (lib/galaxy/web/framework/middleware/remoteuser.py).
  galaxy: { ...none, user: 'Remote-User', secretHeader: 'GX-Secret', encoding: 'ascii' },
  custom: { ...none, user: null, encoding: 'utf-8' }
} as const satisfies Record<string, Profile>

type HeaderProfile = keyof typeof headerProfiles
export const headerProfileNames = Object.keys(headerProfiles) as HeaderProfile[]

export type GivenHeaders = Partial<IdentityHeaders> & { readonly profile?: HeaderProfile }

/** Given values override the profile, which is `remote-user` by default. */
export function withProfile(given: HeaderProfile | GivenHeaders): IdentityHeaders & GivenHeaders {
  if (typeof given === 'string') return { profile: given, ...headerProfiles[given] }
  if (given.profile !== undefined) return { ...headerProfiles[given.profile], ...given }
  const { user, name, email, groups } = headerProfiles['remote-user']
  return { user, name, email, groups, ...given }
}

/** Headers that an app gets from the gate alone. */
export function namesOf(headers: IdentityHeaders): string[] {
  const { user, preferredUsername, name, email, groups, secretHeader } = headers
  return [user, preferredUsername, name, email, groups, secretHeader].filter(header => typeof header === 'string')
}
