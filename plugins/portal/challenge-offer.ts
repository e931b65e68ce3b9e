/** The sentence that says why a challenge is asked. */
import { type FactorKind, factorKinds, freshSeconds } from '../../src/factor/proof.ts'
import type { Offer } from '../../src/sign-in/challenge.ts'
import type { Messages } from './messages/messages.ts'
import { formatLimit } from './relative-time.ts'

/** Null where no sentence is needed. */
export function whySentence({ why, app, demanded }: Offer, say: Messages): string | null {
  if (why === null) return null
  if (why.kind === 'account') return say.challenge.account({ within: formatLimit(freshSeconds, say) })
  if (why.kind === 'budget') return say.challenge.budget({ app: app ?? '' })
  if (why.kind === 'unusual') return say.challenge.unusual({ app: app ?? '' })
  if (why.kind === 'to-app') return say.challenge.onTheWay({ app: app ?? '' })
  return stepUpSentence(app ?? '', demanded, why.withinSeconds, say)
}

/** "This part of Exports needs a confirmation at most 5 minutes old, with your passkey or security key." */
export function stepUpSentence(
  app: string,
  demanded: readonly FactorKind[],
  withinSeconds: number | null,
  say: Messages
): string {
  const within = withinSeconds === null ? null : formatLimit(withinSeconds, say)
  if (within !== null && demanded.length === factorKinds.length) return say.challenge.stepUpAny({ app, within })
  const factors = say.formats.anyOf(demanded.map(kind => say.factor.your[kind]))
  return within === null ? say.challenge.stepUp({ app, factors }) : say.challenge.stepUpWithin({ app, factors, within })
}
