/** A step-up at an institution. It never signs in another person, and never sends the person there again by itself. */
import type { FastifyReply } from 'fastify'
import type { Institution, InstitutionAnswer } from '../../../src/identity/institution.ts'
import type { Principal } from '../../../src/session/principal.ts'
import { enter } from '../enter.ts'
import { setFlash } from '../flash.ts'
import { type AuthenticatedContext, callerOf, goTo, isSigned, type PageContext } from '../page-context.ts'
import { withReturnTo } from '../return-to.ts'
import { refuse } from './arrive.ts'
import type { StepUpOutcome } from './step-up-outcome.ts'

/** Null for a sign-in. */
export function stepUpOf(page: PageContext, { source, asksForMfa }: Institution): { readonly name: string } | null {
  const isAsked = (page.request.query as { for?: unknown }).for === 'challenge'
  if (!isAsked || !asksForMfa || !isSigned(page) || page.principal.account.directory !== source.id) return null
  const { name } = page.principal.account
  const realm = `@${source.realm}`
  return { name: source.realm !== null && name.endsWith(realm) ? name.slice(0, -realm.length) : name }
}

/** The next page for a sufficient answer, otherwise the challenge with the reason. */
export async function confirm(
  page: AuthenticatedContext,
  { source }: Institution,
  answer: InstitutionAnswer
): Promise<FastifyReply> {
  const { institutionLogin } = page.portal.signIn
  if (answer.kind === 'refused') {
    if (answer.code !== 'institution_refused') return refuse(page, source, answer)
    institutionLogin.refuse(callerOf(page), source, answer)
    return back('refused')
  }
  const outcome = await institutionLogin.confirm(callerOf(page), source, answer)
  if (outcome.kind === 'unchanged') return back(outcome.why)
  if (outcome.kind === 'entered' && outcome.next.kind === 'challenge') keep('too_old', outcome.principal)
  return goTo(page, enter(page, outcome))

  function back(why: StepUpOutcome): FastifyReply {
    keep(why, page.principal)
    return goTo(page, withReturnTo('/.factorgate/challenge', page.returnTo))
  }

  function keep(why: StepUpOutcome, principal: Principal): void {
    setFlash({ ...page, principal }, { kind: 'institution', why, title: source.title })
  }
}
