/** What lifts budgets needs: the configured budgets, and what the posture leaves of them. */
import type { Config } from '../../config/schema.ts'
import type { Lifting } from '../budgets/lift.ts'
import type { Clock } from '../clock.ts'
import { readDial } from '../posture/dial-record.ts'
import { levelAt } from '../posture/posture.ts'
import type { Store } from '../store/store.ts'
import { postureTermsOf } from './posture-terms.ts'
import { toBudget, underReport } from './watching.ts'

/** Rejects with StoreUnreachable. */
export async function liftingOf({ watch, apps }: Config, store: Store, clock: Clock): Promise<Lifting> {
  const reporting = new Set(apps.filter(({ enforce }) => enforce === 'report').map(app => app.id))
  const budgets = (watch?.budgets ?? []).map(toBudget).flatMap(budget => underReport(budget, reporting))
  const dial = await readDial(store)
  const { factor } = postureTermsOf({ watch }).elevated
  // A damaged dial counts as the strictest.
  const scale = (app: string | null) => (dial !== null && levelAt(dial, app, clock()) === 'normal' ? 1 : factor)
  return { store, clock, budgets, scale }
}
