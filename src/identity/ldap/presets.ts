/** Filters and attributes of the two kinds of servers. */
import { type FilterTree, parseFilter } from './filter-template.ts'

type LdapPreset = 'openldap' | 'active-directory'

/** Null leaves it to the preset. */
export interface LdapSchemaInput {
  readonly preset: LdapPreset
  readonly base: string
  readonly userFilter: string | null
  readonly attributes: Readonly<Record<'id' | 'name' | 'display' | 'email', string | null>>
  readonly groups: {
    readonly base: string | null
    readonly filter: string | null
    readonly nested: boolean
    readonly name: string | null
  }
}

export interface LdapSchema {
  readonly base: string
  readonly userFilter: FilterTree
  readonly id: string
  /** Microsoft's ids have 16 bytes. */
  readonly hasGuid: boolean
  readonly name: string
  /** The first that an entry has. */
  readonly display: readonly string[]
  readonly email: string
  readonly groups: {
    readonly base: string
    readonly isNested: boolean
    /** The first that a group has. */
    readonly names: readonly string[]
    /** Null: Active Directory lists the groups itself, in `tokenGroups`. */
    readonly filter: FilterTree | null
  }
  /** Each bind asks for the state of the password. */
  readonly asksForPolicy: boolean
  /** People may type `DOMAIN\name`. */
  readonly takesDomain: boolean
}

const presets = {
  openldap: {
    userFilter: '(uid={name})',
    id: 'entryUUID',
    name: 'uid',
    groupFilter: '(|(member={dn})(uniqueMember={dn})(memberUid={name}))',
    groupNames: ['cn']
  },
  'active-directory': {
    userFilter: '(&(objectClass=user)(!(objectClass=computer))(|(sAMAccountName={name})(userPrincipalName={name})))',
    id: 'objectGUID',
    name: 'sAMAccountName',
    groupFilter: null,
    // Unlike `cn`, it is unique in the domain.
    groupNames: ['sAMAccountName', 'cn']
  }
} as const

/** Throws FilterProblem. */
export function ldapSchema({ preset, base, userFilter, attributes, groups }: LdapSchemaInput): LdapSchema {
  const preselected = presets[preset]
  const id = attributes.id ?? preselected.id
  const filter = groups.filter ?? preselected.groupFilter
  return {
    base,
    userFilter: parseFilter(userFilter ?? preselected.userFilter),
    id,
    hasGuid: id.toLowerCase() === 'objectguid',
    name: attributes.name ?? preselected.name,
    display: attributes.display === null ? ['displayName', 'cn'] : [attributes.display],
    email: attributes.email ?? 'mail',
    groups: {
      base: groups.base ?? base,
      isNested: groups.nested,
      names: groups.name === null ? preselected.groupNames : [groups.name],
      filter: filter === null ? null : parseFilter(filter)
    },
    asksForPolicy: preset === 'openldap',
    takesDomain: preset === 'active-directory'
  }
}
