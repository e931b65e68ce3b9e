/** The challenge's page: a second factor for a sign-in or a step-up, and its two dead ends. Codes and passkeys are received by pages of their own. */
import type { FastifyInstance, FastifyReply } from 'fastify'
import type { FactorKind } from '../../src/factor/proof.ts'
import { whySentence } from './challenge-offer.ts'
import { ChallengePage, type ChallengeProblem, DeadEndPage } from './challenge-page.tsx'
import { urlOf, wayOn } from './enter.ts'
import { lostCookie, readForm } from './forms.ts'
import type { PortalOptions } from './options.ts'
import { type AuthenticatedContext, callerOf, frameOf, goTo, sendPage, signedVisit } from './page-context.ts'
import { withReturnTo } from './return-to.ts'

/** The page itself, with what went wrong if something did. */
export async function showChallenge(
  visit: AuthenticatedContext,
  status: number,
  problem: ChallengeProblem | null
): Promise<FastifyReply> {
  const { say, trip, principal, options } = visit
  const { challenge, factors: usable } = options.signIn
  const offer = await challenge.offer(callerOf(visit))
  const frame = { ...frameOf(visit), person: null }
  if (offer.has.length === 0) {
    const isOff = await usable.areSwitchedOff(principal.account.id)
    const isInvited = await options.services.invitations.isWaiting(principal.account.id)
    const title = isOff ? say.challenge.off : isInvited ? say.challenge.begun : say.challenge.none
    const what = isOff ? say.challenge.offWhat : say.challenge.noneWhat
    const now = isInvited ? say.challenge.begunNow : say.challenge.noneNow
    return sendPage(
      visit,
      403,
      <DeadEndPage frame={frame} title={title} what={what} now={now} href={null} trip={trip} />
    )
  }
  if (offer.factors.length === 0) {
    const demanded = say.challenge.orFactors(offer.demanded.map(kind => say.factor.your[kind]))
    const { unfit: title, unfitWhat, unfitNow, unfitCodes, addFactor } = say.challenge
    // Recovery codes are made elsewhere than what people enrol.
    const asksForCodes = offer.demanded.every(kind => kind === 'recovery')
    const end = asksForCodes
      ? { now: unfitCodes, href: withReturnTo('/.factorgate/enrol/recovery', trip), action: say.recovery.newSubmit }
      : { now: unfitNow, href: withReturnTo('/.factorgate/enrol', trip), action: addFactor }
    const what = unfitWhat(offer.app ?? '', demanded)
    return sendPage(visit, 403, <DeadEndPage frame={frame} title={title} what={what} trip={trip} {...end} />)
  }
  const factors =
    problem === null ? offer.factors : [problem.factor, ...offer.factors.filter(k => k !== problem.factor)]
  return sendPage(
    visit,
    status,
    <ChallengePage
      frame={frame}
      view={{
        trip,
        name: principal.account.displayName,
        isStepUp: offer.isStepUp,
        why: whySentence(offer, say),
        factors,
        codeDigits: offer.codeDigits.length > 0 ? offer.codeDigits : [6],
        problem
      }}
    />
  )
}

/**
 * What a code is answered with whose form is not good any more: the way on, where nothing is missing by now (FIELD F3), else the form anew.
 * Null where the form is good.
 */
export async function answerStale(visit: AuthenticatedContext, factor: FactorKind): Promise<FastifyReply | null> {
  const lost = lostCookie(visit)
  if (lost === null && readForm(visit) !== 'expired') return null
  if (isEnough(visit)) return goTo(visit, await wayOn(visit))
  const sentence = lost === null ? visit.say.challenge.formExpired : visit.say.login.cookieLost
  return showChallenge(lost ?? visit, 403, { factor, sentence, clock: null, waitSeconds: null })
}

function isEnough(visit: AuthenticatedContext): boolean {
  return visit.options.signIn.challenge.isEnough(callerOf(visit))
}

export function registerChallenge(scope: FastifyInstance, options: PortalOptions): void {
  scope.get('/.factorgate/challenge', { config: { requires: 'first-factor', isStep: true } }, async request => {
    const visit = signedVisit(request)
    const { principal } = visit
    if (isEnough(visit)) return goTo(visit, await wayOn(visit))
    const next = principal.isFullySignedIn ? null : await options.signIn.nextStep.of(callerOf(visit), principal)
    if (next?.kind === 'enrol') return goTo(visit, urlOf(next, visit.trip))
    return showChallenge(visit, 200, null)
  })

  for (const factor of ['totp', 'recovery'])
    scope.get(
      `/.factorgate/challenge/${factor}`,
      { config: { requires: 'first-factor', isStep: true } },
      async request => {
        const visit = signedVisit(request)
        return goTo(visit, withReturnTo('/.factorgate/challenge', visit.trip))
      }
    )
}
