/** The end of a sign-in at an institution: its answer becomes a session and the next page, or a refusal. */
import type { FastifyReply } from 'fastify'
import { GateError } from '../../../src/errors.ts'
import type { Institution, InstitutionAnswer, InstitutionRefusal } from '../../../src/identity/institution.ts'
import { enter } from '../enter.ts'
import { callerOf, goTo, type PageContext } from '../page-context.ts'
import { withReturnTo } from '../return-to.ts'

/** `page.returnTo` is the target at the beginning. */
export async function arrive(
  page: PageContext,
  { source }: Institution,
  answer: InstitutionAnswer
): Promise<FastifyReply> {
  if (answer.kind === 'refused') return refuse(page, source, answer)
  const { signIn, log } = page.portal
  const outcome = await signIn.institutionLogin.arrive(callerOf(page), source, answer)
  if (outcome.kind === 'denied') {
    // The text is written as JSON, since it may hold anything.
    log.warn(
      {
        institution: source.id,
        code: outcome.code,
        name: answer.arrival.name.slice(0, 128),
        realm: source.realm,
        ...problemOf(outcome.code, source, answer.arrival.name)
      },
      'an institution has signed somebody in who does not get in here'
    )
    throw new GateError(outcome.code, { ...outcome, ...anew(page) })
  }
  return goTo(page, enter(page, outcome))
}

/** The query of this page is the institution’s answer. */
function anew({ returnTo }: PageContext): { readonly continueUrl: string } {
  return { continueUrl: withReturnTo('/.factorgate/login', returnTo) }
}

/** What operators can change about a name that no account can have. */
function problemOf(code: string, { realm }: Institution['source'], name: string): { problem?: string } {
  if (code !== 'institution_name_invalid' || realm === null || !name.includes('@')) return {}
  const problem = `the name has a domain, and it is not the realm '${realm}': leave 'realm' out, or take a name without a domain`
  return { problem }
}

/** The page of the refusal leads to the sign-in page. */
export function refuse(page: PageContext, source: Institution['source'], answer: InstitutionRefusal): never {
  const denied = page.portal.signIn.institutionLogin.refuse(callerOf(page), source, answer)
  page.portal.log.warn(
    { institution: source.id, code: answer.code, detail: answer.detail },
    'a sign-in at an institution was refused'
  )
  const retry = answer.code === 'institution_unreachable' ? { retryAfterSeconds: answer.retryAfterSeconds ?? 10 } : {}
  throw new GateError(denied.code, { ...anew(page), ...retry })
}
