/** The challenge: a second factor for a sign-in or a step-up. It receives codes; webauthn-routes.tsx receives passkeys. */
import type { FastifyInstance, FastifyReply } from 'fastify'
import { codeKinds, type FactorKind } from '../../src/factor/kinds.ts'
import type { Offer } from '../../src/sign-in/challenge.ts'
import { answerOnce } from './answer-once.ts'
import { whySentence } from './challenge-offer.ts'
import {
  ChallengePage,
  type ChallengeProblem,
  type ChallengeView,
  type DeadEnd,
  DeadEndPage
} from './challenge-page.tsx'
import { enter, urlOf, wayOn } from './enter.ts'
import { doneSentence, takeFlash } from './flash.ts'
import { lostCookie, readForm, staleForm } from './forms.ts'
import type { Messages } from './messages/messages.ts'
import { type AuthenticatedContext, callerOf, frameOf, goTo, personOf, sendPage, signedPage } from './page-context.ts'
import { problemOf } from './refused-factor.ts'
import { withReturnTo } from './return-to.ts'

async function showChallenge(
  page: AuthenticatedContext,
  status: number,
  problem: ChallengeProblem | null,
  mayEnrol = false
): Promise<FastifyReply> {
  const { say, returnTo, principal, portal } = page
  const offer = await portal.signIn.challenge.offer(callerOf(page))
  const frame = { ...frameOf(page), person: { ...personOf(principal), isHalf: true } }
  const misfit = await portal.signIn.factors.misfit(principal.account.id)
  const why = misfit === null ? null : say.factor.misfit[misfit]
  const mayAsk = offer.has.length === 0 && (await portal.signIn.sponsorship.isOpenTo(principal))
  if (offer.factors.length === 0 && offer.institution === null) {
    if (mayAsk) return goTo(page, withReturnTo('/.factorgate/sponsor/ask', returnTo))
    const end = offer.has.length === 0 ? await noFactorEnd(page, why) : unfitEnd(page, offer, why)
    page.reply.header('factorgate-error', 'other_factor_required')
    return sendPage(page, 403, <DeadEndPage frame={frame} returnTo={returnTo} {...end} />)
  }
  const factors =
    problem === null ? offer.factors : [problem.factor, ...offer.factors.filter(k => k !== problem.factor)]
  return sendPage(
    page,
    status,
    <ChallengePage
      frame={frame}
      view={{
        returnTo,
        isStepUp: offer.isStepUp,
        why: whySentence(offer, say),
        misfit: why === null ? null : say.challenge.misfitNotice({ why }),
        factors,
        codeDigits: offer.codeDigits.length > 0 ? offer.codeDigits : [6],
        problem,
        institution: offer.institution,
        mayAsk,
        mayEnrol,
        notice: noticeOf(page)
      }}
    />
  )
}

async function noFactorEnd(
  { say, principal, portal }: AuthenticatedContext,
  why: string | null
): Promise<Omit<DeadEnd, 'returnTo'>> {
  const { id, directory } = principal.account
  const isOff = await portal.signIn.factors.areSwitchedOff(id)
  const isInvited = (await portal.services.invitations.waiting(id)) !== null
  const isFromElsewhere = portal.directories.institution(directory) !== undefined
  return { ...noFactor(say.challenge, { why, isOff, isInvited, isFromElsewhere }), href: null }
}

/** The person has second factors, and none that the app takes. */
function unfitEnd(
  { say, returnTo }: AuthenticatedContext,
  { app, demanded: kinds }: Offer,
  why: string | null
): Omit<DeadEnd, 'returnTo'> {
  const demanded = say.formats.anyOf(kinds.map(kind => say.factor.your[kind]))
  const { unfit: title, unfitWhat, unfitNow, unfitCodes, addFactor } = say.challenge
  const what =
    why !== null && kinds.includes('webauthn')
      ? say.challenge.misfitUnfit({ app: app ?? '', factors: demanded, why })
      : unfitWhat({ app: app ?? '', factors: demanded })
  // Recovery codes have a page of their own.
  const end = kinds.every(kind => kind === 'recovery')
    ? { now: unfitCodes, href: withReturnTo('/.factorgate/enrol/recovery', returnTo), action: say.recovery.newSubmit }
    : { now: unfitNow, href: withReturnTo('/.factorgate/enrol', returnTo), action: addFactor }
  return { title, what, ...end }
}

interface NoFactor {
  readonly why: string | null
  readonly isOff: boolean
  readonly isInvited: boolean
  readonly isFromElsewhere: boolean
}

function noFactor(
  say: Messages['challenge'],
  { why, isOff, isInvited, isFromElsewhere }: NoFactor
): { title: string; what: string; now: string } {
  const now = isInvited ? say.begunNow : say.noneNow
  if (why !== null) return { title: say.misfit, what: say.misfitWhat({ why }), now: isInvited ? now : say.misfitNow }
  if (isOff) return { title: say.off, what: say.offWhat, now }
  return { title: isInvited ? say.begun : say.none, what: isFromElsewhere ? say.noneWhatThere : say.noneWhat, now }
}

/** The last action, shown once: a step-up at an institution, or the removal of this sign-in's factor. */
function noticeOf(page: AuthenticatedContext): ChallengeView['notice'] {
  const flash = takeFlash(page)
  return flash === null ? null : { sentence: doneSentence(flash, page.say), isAlert: flash.kind === 'institution' }
}

/** The next step if nothing is missing (FIELD F3), otherwise the form again. Null for a valid form. */
async function answerStale(page: AuthenticatedContext, factor: FactorKind): Promise<FastifyReply | null> {
  const lost = lostCookie(page)
  if (lost === null && readForm(page) !== 'expired') return null
  if (isEnough(page)) return goTo(page, await wayOn(page))
  const sentence = lost === null ? page.say.challenge.formExpired : page.say.login.cookieLost
  return showChallenge(lost ?? page, 403, { factor, sentence, clock: null, waitSeconds: null })
}

function isEnough(page: AuthenticatedContext): boolean {
  return page.portal.signIn.challenge.isEnough(callerOf(page))
}

export function registerChallenge(scope: FastifyInstance): void {
  const { portal } = scope
  scope.get('/.factorgate/challenge', { config: { requires: 'first-factor', isStep: true } }, async request => {
    const page = signedPage(request)
    const { principal } = page
    if (isEnough(page)) return goTo(page, await wayOn(page))
    const { nextStep, challenge } = portal.signIn
    const mayEnrol = (await nextStep.grantFor(callerOf(page), principal)) !== null
    // Who is signed in by the institution's second factor may confirm there, also while a roll-out is open.
    const mayConfirmThere = principal.isFullySignedIn && (await challenge.offer(callerOf(page))).institution !== null
    if (mayEnrol && !mayConfirmThere) return goTo(page, urlOf({ kind: 'enrol' }, page.returnTo))
    return showChallenge(page, 200, null, mayEnrol)
  })

  for (const kind of codeKinds) {
    const path = `/.factorgate/challenge/${kind}`

    scope.get(path, { config: { requires: 'first-factor', isStep: true } }, async request => {
      const page = signedPage(request)
      return goTo(page, withReturnTo('/.factorgate/challenge', page.returnTo))
    })

    scope.post(path, { config: { requires: 'first-factor', isStep: true, isRepeatable: true } }, (request, reply) =>
      answerOnce(request, reply, async (page, elsewhere) => {
        const stale = await answerStale(page, kind)
        if (stale !== null) return stale
        const code = staleForm(page).field('code')
        const answer = await portal.signIn.secondFactor.withCode(callerOf(page), kind, code, elsewhere)
        if (answer.kind === 'entered' || answer.kind === 'denied') return goTo(page, enter(page, answer))
        if (answer.kind === 'repeated') return answer.answer
        const { status, problem } = problemOf(page, kind, answer)
        return showChallenge(page, status, problem)
      })
    )
  }
}
