/**
 * The groups of many people with few questions: which groups any of them is in, then the members of each group. Only the refresh uses it,
 * and asks again about each person whose groups seem changed. So spellings of a DN do not matter here.
 */
import { type LdapConnection, ServerFailure } from './connection.ts'
import { comparableDn } from './dn.ts'
import { everything, fillFilter } from './filter.ts'
import type { FilterLeaf, FilterTree } from './filter-template.ts'
import { type FoundGroup, type Member, maxGroups, nameOf } from './groups.ts'
import type { LdapSchema } from './presets.ts'

interface KnownGroup extends FoundGroup {
  /** Names and DNs in lower case. */
  readonly members: ReadonlySet<string>
}

export class GroupMembers {
  readonly #schema: LdapSchema
  readonly #attributes: readonly string[] | null
  readonly #known = new Map<string, KnownGroup>()
  readonly #parents = new Map<string, readonly KnownGroup[]>()

  constructor(schema: LdapSchema) {
    this.#schema = schema
    const { filter } = schema.groups
    this.#attributes = filter === null ? null : memberAttributes(filter)
  }

  /** False if the filter of groups is more than a choice of attributes with members. */
  get canTell(): boolean {
    return this.#attributes !== null
  }

  /** The groups of each person, as `groupsOf` finds them. Rejects with ServerFailure. */
  async ofAll(connection: LdapConnection, people: readonly Member[]): Promise<FoundGroup[][]> {
    const { driver } = connection
    const { filter } = this.#schema.groups
    if (filter === null || people.length === 0) return people.map(() => [])
    const filters = people.map(({ entry, name }) =>
      fillFilter(driver, filter, { dn: { value: entry.dn }, name: { value: name } })
    )
    const direct = await this.#groups(connection, filters.length === 1 ? filters[0]! : new driver.OrFilter({ filters }))
    const found: FoundGroup[][] = []
    for (const { entry, name } of people) {
      const [dn, uid] = [entry.dn.toLowerCase(), name.toLowerCase()]
      found.push(
        await this.#withParents(
          connection,
          direct.filter(({ members }) => members.has(dn) || members.has(uid))
        )
      )
    }
    return found
  }

  async #withParents(connection: LdapConnection, direct: readonly KnownGroup[]): Promise<FoundGroup[]> {
    const all = new Map(direct.map(group => [group.dn, group]))
    if (this.#schema.groups.isNested)
      for (const { dn } of all.values())
        for (const parent of await this.#parentsOf(connection, dn)) if (!all.has(parent.dn)) all.set(parent.dn, parent)
    return [...all.values()]
  }

  async #parentsOf(connection: LdapConnection, dn: string): Promise<readonly KnownGroup[]> {
    const known = this.#parents.get(dn)
    if (known !== undefined) return known
    const filter = fillFilter(connection.driver, this.#schema.groups.filter!, { dn: { value: dn }, name: 'never' })
    const parents = await this.#groups(connection, filter)
    this.#parents.set(dn, parents)
    return parents
  }

  async #groups(connection: LdapConnection, filter: ReturnType<typeof fillFilter>): Promise<KnownGroup[]> {
    const { base, names } = this.#schema.groups
    const entries = await connection.search({ base, filter, attributes: names })
    const groups: KnownGroup[] = []
    for (const entry of entries) {
      const key = comparableDn(entry.dn)
      let group = this.#known.get(key)
      if (group === undefined) {
        group = {
          dn: entry.dn,
          name: nameOf(entry, this.#schema),
          members: await this.#membersOf(connection, entry.dn)
        }
        this.#known.set(key, group)
        if (this.#known.size > maxGroups)
          throw new ServerFailure(`it has more than ${maxGroups} groups`, { isOfOneQuestion: true })
      }
      groups.push(group)
    }
    return groups
  }

  async #membersOf(connection: LdapConnection, dn: string): Promise<ReadonlySet<string>> {
    const attributes = this.#attributes ?? []
    const input = { base: dn, scope: 'base', filter: everything(connection.driver), attributes, most: 1 } as const
    const [entry] = await connection.search(input)
    return new Set(attributes.flatMap(name => (entry?.texts(name) ?? []).map(text => text.toLowerCase())))
  }
}

/** Null if the filter compares anything else with a person. */
function memberAttributes(tree: FilterTree): string[] | null {
  if (tree.kind === 'or') {
    const found = tree.parts.map(memberAttributes)
    return found.includes(null) ? null : found.flatMap(each => each!)
  }
  return isMember(tree) ? [tree.attribute] : null
}

function isMember(tree: FilterTree): tree is Extract<FilterLeaf, { kind: 'equal' | 'greater' | 'less' | 'approx' }> {
  return tree.kind === 'equal' && tree.value.length === 1 && !Buffer.isBuffer(tree.value[0])
}
