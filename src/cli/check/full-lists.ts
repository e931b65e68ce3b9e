/** The apps whose list of findings is full. Read-only. */
import type { Config } from '../../../config/schema.ts'
import { AppChanges } from '../../administration/app-changes.ts'
import type { Clock } from '../../clock.ts'
import type { Store } from '../../store/store.ts'
import type { CheckFinding } from './finding.ts'

export async function fullLists({ apps }: Config, store: Store, clock: Clock): Promise<CheckFinding[]> {
  const watched = apps.flatMap(({ id, integrity }, place) => (integrity === null ? [] : [{ id, place }]))
  const states = await new AppChanges({ store, clock, record: async () => {} }).read(watched.map(({ id }) => id))
  return states.flatMap(({ full }, i) =>
    full.map((message): CheckFinding => ({ degree: 'warning', path: `apps[${watched[i]!.place}].integrity`, message }))
  )
}
