/** One person in a directory. */
import { plainName } from '../account.ts'
import type { Arrival, Source } from '../arrival.ts'
import { stateAttributes } from './account-state.ts'
import type { LdapConnection } from './connection.ts'
import { comparableDn } from './dn.ts'
import { type DirectoryEntry, guidBytes, guidText } from './entry.ts'
import { anyOf, everything, fillFilter } from './filter.ts'
import { type FoundGroup, groupsOf } from './groups.ts'
import type { LdapSchema } from './presets.ts'

/** `remark` is for the log; null for an unknown name. */
interface NobodyFound {
  readonly kind: 'nobody'
  readonly remark: string | null
}

interface PersonFound {
  readonly kind: 'person'
  readonly entry: DirectoryEntry
  readonly externalId: string
  /** As in the entry. */
  readonly name: string
}

export type FoundPerson = NobodyFound | PersonFound

const nobody = (remark: string | null): NobodyFound => ({ kind: 'nobody', remark })

/** `name` is in the form of `typedName`. Rejects with ServerFailure. */
export async function findByName(connection: LdapConnection, schema: LdapSchema, name: string): Promise<FoundPerson> {
  const filter = fillFilter(connection.driver, schema.userFilter, { name: { value: name }, dn: 'never' })
  return readPerson(schema, await search(connection, schema, filter), name)
}

export async function findByDn(
  connection: LdapConnection,
  schema: LdapSchema,
  dn: string,
  name: string
): Promise<FoundPerson> {
  const entries = await connection.search({
    base: dn,
    scope: 'base',
    filter: everything(connection.driver),
    ...wanted(schema),
    most: 2
  })
  return readPerson(schema, entries, name)
}

/** Finds the person under any name, while the configured filter accepts them. */
export async function findById(
  connection: LdapConnection,
  schema: LdapSchema,
  externalId: string
): Promise<FoundPerson> {
  const { driver } = connection
  const value = schema.hasGuid ? guidBytes(externalId) : externalId
  if (value === null) return nobody(`'${externalId}' is no id of this directory`)
  const filters = [
    new driver.EqualityFilter({ attribute: schema.id, value }),
    fillFilter(driver, schema.userFilter, { name: 'any', dn: 'never' })
  ]
  return readPerson(schema, await search(connection, schema, new driver.AndFilter({ filters })), null)
}

/** The people who have exactly one usable entry, by id. Rejects with ServerFailure. */
export async function findByIds(
  connection: LdapConnection,
  schema: LdapSchema,
  externalIds: readonly string[]
): Promise<ReadonlyMap<string, PersonFound>> {
  const { driver } = connection
  const values = externalIds.flatMap(id => (schema.hasGuid ? (guidBytes(id) ?? []) : Buffer.from(id)))
  const found = new Map<string, PersonFound>()
  if (values.length === 0) return found
  const filters = [
    anyOf(driver, schema.id, values),
    fillFilter(driver, schema.userFilter, { name: 'any', dn: 'never' })
  ]
  const filter = new driver.AndFilter({ filters })
  const twins = new Set<string>()
  for (const entry of await connection.search({ base: schema.base, filter, ...wanted(schema) })) {
    const person = readPerson(schema, [entry], null)
    if (person.kind === 'nobody') continue
    if (found.has(person.externalId)) twins.add(person.externalId)
    found.set(person.externalId, person)
  }
  for (const id of twins) found.delete(id)
  return found
}

function search(
  connection: LdapConnection,
  schema: LdapSchema,
  filter: Parameters<LdapConnection['search']>[0]['filter']
) {
  // Two show that it is not unique.
  return connection.search({ base: schema.base, filter, ...wanted(schema), most: 2 })
}

function wanted(schema: LdapSchema) {
  const { id, name, display, email, hasGuid } = schema
  return {
    attributes: [id, name, ...display, email, 'objectSid', 'primaryGroupID', ...stateAttributes],
    binary: ['objectSid', ...(hasGuid ? [id] : [])]
  }
}

function readPerson(schema: LdapSchema, entries: readonly DirectoryEntry[], typed: string | null): FoundPerson {
  const [entry, another] = entries
  if (entry === undefined) return nobody(null)
  if (another !== undefined) return nobody('two entries have this name: make it belong to one, or narrow userFilter')
  if (entry.dn === '') return nobody('an entry without a DN')
  const ids = schema.hasGuid ? entry.bytes(schema.id).map(guidText) : entry.bytes(schema.id).map(bytes => idText(bytes))
  const [externalId] = ids
  if (ids.length !== 1 || externalId == null || externalId === '')
    return nobody(`${entry.dn} has ${ids.length === 0 ? 'no' : 'no usable'} ${schema.id} (attributes.id)`)
  const names = entry.texts(schema.name)
  const name = nameAmong(names, typed)
  if (name !== null) return { kind: 'person', entry, externalId, name }
  return nobody(
    names.length === 0
      ? `${entry.dn} has no ${schema.name} (attributes.name)`
      : `${entry.dn} has several ${schema.name}, and what was typed is none of them`
  )
}

const decoder = new TextDecoder('utf-8', { fatal: true })

/** The id as text, or in hexadecimal digits. */
function idText(bytes: Buffer): string {
  try {
    return decoder.decode(bytes)
  } catch {
    return bytes.toString('hex')
  }
}

/** Null for none, or if `typed` is none of several. */
function nameAmong(names: readonly string[], typed: string | null): string | null {
  const [only] = names
  if (names.length <= 1) return only ?? null
  if (typed !== null && !names.some(name => plainName(name) === plainName(typed))) return null
  return [...names].sort((a, b) => (plainName(a) < plainName(b) ? -1 : 1))[0]!
}

/** Looks up the groups. Rejects with ServerFailure. */
export async function arrivalOf(
  connection: LdapConnection,
  schema: LdapSchema,
  person: PersonFound,
  groupMap: Source['groupMap']
): Promise<Arrival> {
  return arrivalWith(schema, person, await groupsOf(connection, schema, person), groupMap)
}

export function arrivalWith(
  schema: LdapSchema,
  { entry, externalId, name }: PersonFound,
  groups: readonly FoundGroup[],
  groupMap: Source['groupMap']
): Arrival {
  return {
    externalId,
    name,
    displayName: schema.display.map(attribute => entry.text(attribute)).find(text => text !== null) ?? null,
    email: entry.text(schema.email),
    groups: namesOf(groups, groupMap),
    mfa: null
  }
}

/** A group map may name a group by its DN, in any spelling. */
function namesOf(groups: readonly FoundGroup[], groupMap: Source['groupMap']): string[] {
  const names = groups.flatMap(({ name }) => name ?? [])
  if (groupMap === null) return names.sort()
  const byDn = new Map(Object.keys(groupMap).map(key => [comparableDn(key), key]))
  return [...names, ...groups.flatMap(({ dn }) => byDn.get(comparableDn(dn)) ?? [])].sort()
}
