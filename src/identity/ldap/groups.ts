/** The groups of a person: those that name the entry, and those that name such a group. Active Directory lists them itself. */
import { type LdapConnection, ServerFailure } from './connection.ts'
import { comparableDn } from './dn.ts'
import type { DirectoryEntry } from './entry.ts'
import { anyOf, everything, fillFilter } from './filter.ts'
import type { LdapSchema } from './presets.ts'

export interface FoundGroup {
  readonly dn: string
  readonly name: string | null
}

export interface Member {
  readonly entry: DirectoryEntry
  /** As in the entry: the value of `memberUid`. */
  readonly name: string
}

const batch = 50
/** A directory with more groups is not believed. */
export const maxGroups = 20_000
/** Active Directory's rule for members of members (MS-ADTS §3.1.1.3.4.4.3). */
const inChain = '1.2.840.113556.1.4.1941'

/** Rejects with ServerFailure, never with a part of the groups. */
export async function groupsOf(connection: LdapConnection, schema: LdapSchema, member: Member): Promise<FoundGroup[]> {
  const { filter } = schema.groups
  if (filter === null) return activeDirectoryGroups(connection, schema, member.entry)
  const { driver } = connection
  const first = fillFilter(driver, filter, { dn: { value: member.entry.dn }, name: { value: member.name } })
  const found = new Map<string, FoundGroup>()
  let fresh = addNew(found, await search(connection, schema, first), schema)
  while (schema.groups.isNested && fresh.length > 0) {
    const next: FoundGroup[] = []
    for (let at = 0; at < fresh.length; at += batch) {
      // `{name}` is the person's: a group of the same name must not inherit the person's groups.
      const filters = fresh
        .slice(at, at + batch)
        .map(({ dn }) => fillFilter(driver, filter, { dn: { value: dn }, name: 'never' }))
      const entries = await search(
        connection,
        schema,
        filters.length === 1 ? filters[0]! : new driver.OrFilter({ filters })
      )
      next.push(...addNew(found, entries, schema))
    }
    fresh = next
  }
  return [...found.values()]
}

/** Rejects with ServerFailure. */
export async function groupsOfEach(
  connection: LdapConnection,
  schema: LdapSchema,
  members: readonly Member[]
): Promise<FoundGroup[][]> {
  const all: FoundGroup[][] = []
  for (const member of members) all.push(await groupsOf(connection, schema, member))
  return all
}

function addNew(found: Map<string, FoundGroup>, entries: readonly DirectoryEntry[], schema: LdapSchema): FoundGroup[] {
  const fresh: FoundGroup[] = []
  for (const entry of entries) {
    const key = comparableDn(entry.dn)
    if (found.has(key)) continue
    const group = { dn: entry.dn, name: nameOf(entry, schema) }
    found.set(key, group)
    fresh.push(group)
  }
  if (found.size > maxGroups)
    throw new ServerFailure(`it says that somebody is in more than ${maxGroups} groups`, { isOfOneQuestion: true })
  return fresh
}

export function nameOf(entry: DirectoryEntry, { groups }: LdapSchema): string | null {
  for (const attribute of groups.names) {
    const name = entry.text(attribute)
    if (name !== null) return name
  }
  return null
}

type Filter = Parameters<LdapConnection['search']>[0]['filter']

function search(connection: LdapConnection, { groups }: LdapSchema, filter: Filter): Promise<DirectoryEntry[]> {
  return connection.search({ base: groups.base, filter, attributes: groups.names })
}

/** The groups are read from the security ids of the person's ticket, otherwise by the rule for members of members. */
async function activeDirectoryGroups(
  connection: LdapConnection,
  schema: LdapSchema,
  entry: DirectoryEntry
): Promise<FoundGroup[]> {
  const { driver } = connection
  const found = new Map<string, FoundGroup>()
  const ids = schema.groups.isNested ? await tokenGroups(connection, entry.dn) : []
  const primary = primaryGroupOf(entry)
  if (ids.length === 0) {
    const value = entry.dn
    const members = schema.groups.isNested
      ? new driver.ExtensibleFilter({ matchType: 'member', rule: inChain, value })
      : new driver.EqualityFilter({ attribute: 'member', value })
    addNew(found, await search(connection, schema, members), schema)
  }
  if (primary !== null && !ids.some(id => id.equals(primary))) ids.push(primary)
  for (let at = 0; at < ids.length; at += batch)
    addNew(found, await search(connection, schema, anyOf(driver, 'objectSid', ids.slice(at, at + batch))), schema)
  return [...found.values()]
}

async function tokenGroups(connection: LdapConnection, dn: string): Promise<Buffer[]> {
  const attribute = 'tokenGroups'
  // The server computes it, for one entry at a time.
  const [entry] = await connection.search({
    base: dn,
    scope: 'base',
    filter: everything(connection.driver),
    attributes: [attribute],
    binary: [attribute],
    most: 1
  })
  return entry?.bytes(attribute) ?? []
}

/** The domain's id with the group's number at the end (MS-DTYP §2.4.2). */
function primaryGroupOf(entry: DirectoryEntry): Buffer | null {
  const [sid] = entry.bytes('objectSid')
  const number = Number(entry.text('primaryGroupID') ?? Number.NaN)
  if (sid === undefined || sid.length < 12 || !Number.isInteger(number)) return null
  const primary = Buffer.from(sid)
  primary.writeUInt32LE(number >>> 0, primary.length - 4)
  return primary
}
