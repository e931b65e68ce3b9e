/** Whose areas of an app a request goes to. */
import { find } from './known-list.ts'
import type { PeopleInMemory } from './people.ts'
import { known, type Person } from './person.ts'
import { climbsOf, queryOf, readPath } from './read-path.ts'

type CommonAreas = Pick<PeopleInMemory, 'isCommon'>

/** True if neither the person nor two others of their groups use it. `index`: its place in the person's list of areas. */
export function isOfOthers(
  people: CommonAreas,
  person: Person,
  groups: readonly string[],
  area: number,
  index = find(person, known.areas, area)
): boolean {
  return !person.owns(index) && !people.isCommon(groups, area)
}

/** Of the paths that servers may take a climbing one for, the first in an area of others. */
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
