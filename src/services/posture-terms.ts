/** What postures mean in a configuration: for rules, budgets, and unusual use. */
import { usualPosture } from '../../config/schema/posture.ts'
import type { Config } from '../../config/schema.ts'
import type { TighteningOf } from '../apps/authorize.ts'
import { type PostureTerms, tighteningOf } from '../posture/tightening-of.ts'
import type { Services } from './services.ts'

export function postureTermsOf({ watch }: Pick<Config, 'watch'>): PostureTerms {
  const { elevated, lockdown } = watch?.posture ?? usualPosture
  const { factor, factors, within } = elevated
  return { elevated: { factor, factors, withinSeconds: within }, lockdown }
}

export function usePosture(config: Config, { postures, budgets, unusual }: Services): TighteningOf {
  const terms = postureTermsOf(config)
  const scale = (app: string | null) => (postures.level(app) === 'normal' ? 1 : terms.elevated.factor)
  if (budgets !== null) budgets.scale = scale
  if (unusual !== null) unusual.scale = scale
  return tighteningOf(app => postures.level(app), terms)
}
