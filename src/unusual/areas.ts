/** Whose areas of an app a request goes to. */
import { find } from './known-list.ts'
import type { PeopleInMemory } from './people.ts'
import { known, type Person } from './person.ts'
import { climbsOf, queryOf, readPath } from './read-path.ts'

type CommonAreas = Pick<PeopleInMemory, 'isCommon'>

/** True if neither the person nor two others of their groups use it. */
export function isOfOthers(
  people: CommonAreas,
  person: Person,
  groups: readonly string[],
  area: number,
  index = find(person, known.areas, area)
): boolean {
  return !person.owns(index) && !people.isCommon(groups, area)
}

/** The first reading of a climbing path that lies in an area of others; otherwise the path. */
export function judgedPath(
  people: CommonAreas,
  person: Person,
  groups: readonly string[],
  app: number,
  path: string
): string {
  for (const climb of climbsOf(path))
    if (isOfOthers(people, person, groups, readPath(app, climb).area)) return climb + path.slice(queryOf(path))
  return path
}
