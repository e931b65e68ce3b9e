/**
 * The routes of an OpenID Connect provider: sign-in, callback, and its sign-out by back channel (a signed token from its server) or front
 * channel (a frame in the browser).
 */
import type { FastifyInstance, FastifyReply } from 'fastify'
import { type InstitutionRefusal, refused } from '../../../src/identity/institution.ts'
import { logoutTokenSeconds } from '../../../src/identity/oidc/logout-token.ts'
import type { OidcInstitution } from '../../../src/identity/oidc/oidc.ts'
import { newToken } from '../../../src/ids.ts'
import { staleForm } from '../forms.ts'
import { callerOf, goTo, isSigned, type PageContext } from '../page-context.ts'
import { arrive, refuse } from './arrive.ts'
import { keepBegun, takeBegun } from './begun-login.ts'
import { confirm, stepUpOf } from './confirm.ts'

export function registerOidc(scope: FastifyInstance, institution: OidcInstitution): void {
  const { source } = institution
  const path = `/.factorgate/login/${source.id}`

  scope.get(path, { config: { requires: 'anyone', isStep: true } }, async ({ page }) => {
    const stepUp = stepUpOf(page, institution)
    const state = newToken()
    const start = await institution.begin({
      state,
      stepUp,
      now: page.now,
      mayPush: () => page.portal.signIn.institutionLogin.mayPush(callerOf(page), source)
    })
    if ('kind' in start) return refuse(page, source, start)
    const values = { ...start.begun }
    keepBegun(page, state, { institution: source.id, isStepUp: stepUp !== null, returnTo: page.returnTo, values })
    return goTo(page, start.url)
  })

  scope.get(`${path}/callback`, { config: { requires: 'anyone' } }, async ({ page }) => finish(page, institution))

  // A provider may send the answer as a form (OAuth 2.0 Form Post Response Mode). It comes without our cookies; the next request has them.
  scope.post(`${path}/callback`, { config: { requires: 'anyone', takes: 'foreign-form' } }, async ({ page }) => {
    const form = staleForm(page)
    const answer = answerFields.map(name => [name, form.field(name)]).filter(([, value]) => value !== '')
    return goTo(page, `${path}/callback?${new URLSearchParams(answer)}`)
  })

  const fromTheServer = { requires: 'anyone', takes: 'foreign-form', isData: true } as const
  scope.post(`${path}/backchannel-logout`, { config: fromTheServer }, async ({ page }) =>
    signOutByToken(page, institution)
  )

  scope.get(`${path}/frontchannel-logout`, { config: { requires: 'anyone', isData: true } }, async ({ page }) =>
    signOutInFrame(page, institution)
  )
}

/** `asked` does not know yet where the sign-in was to lead. */
async function finish(asked: PageContext, institution: OidcInstitution): Promise<FastifyReply> {
  const { source } = institution
  const { query } = asked.request.exchange.target
  const states = new URLSearchParams(query).getAll('state')
  const state = states.length === 1 ? states[0]! : ''
  const begun = state === '' ? null : takeBegun(asked, state, source.id)
  if (begun === null) return refuse(asked, source, notBegun)
  const page: PageContext = { ...asked, returnTo: begun.returnTo }
  const { nonce = '', verifier = '' } = begun.values
  const answer = await institution.finish(query.replace(/^\?/, ''), state, { nonce, verifier }, page.now)
  return begun.isStepUp && isSigned(page) ? confirm(page, institution, answer) : arrive(page, institution, answer)
}

async function signOutByToken(page: PageContext, institution: OidcInstitution): Promise<FastifyReply> {
  const { source } = institution
  const { reply } = page
  reply.header('cache-control', 'no-store')
  const token = await institution.readLogoutToken(staleForm(page).field('logout_token'), page.now)
  if ('kind' in token) return refuseSignOut(page, institution, token)
  const { institutionLogin } = page.portal.signIn
  // A token is accepted as long before as after its time.
  const ended = await institutionLogin.signedOutByToken(callerOf(page), source.id, token, 2 * logoutTokenSeconds + 60)
  if (ended === null)
    return refuseSignOut(page, institution, refused('institution_answer_invalid', 'the logout token was used before'))
  return reply.code(200).send()
}

async function signOutInFrame(page: PageContext, institution: OidcInstitution): Promise<FastifyReply> {
  const { source } = institution
  const { reply } = page
  reply.header('cache-control', 'no-store')
  const { iss, sid } = page.request.query as Record<string, unknown>
  // Browsers send no cookie of ours in another site's frame: the provider names the session.
  const isNamed = typeof sid === 'string' && sid !== '' && typeof iss === 'string'
  if (!isNamed || !(await institution.isIssuer(iss, page.now)))
    return refuseSignOut(
      page,
      institution,
      refused('institution_answer_invalid', 'a front-channel logout without the right iss and sid')
    )
  await page.portal.signIn.institutionLogin.signedOutThere(callerOf(page), source.id, { sid, externalId: null })
  return reply.code(200).type('text/html; charset=utf-8').send('<!doctype html><title>Signed out</title>')
}

/** OpenID Connect Back-Channel Logout 1.0 §2.8. The reason is for operators only. */
function refuseSignOut(
  { portal, reply }: PageContext,
  { source }: OidcInstitution,
  { code, detail }: InstitutionRefusal
) {
  portal.log.warn({ institution: source.id, code, detail }, 'a sign-out at an institution was refused')
  if (code === 'institution_unreachable')
    return reply.code(503).header('retry-after', '10').send({ error: 'temporarily_unavailable' })
  return reply.code(400).send({ error: 'invalid_request', error_description: 'The logout cannot be accepted.' })
}

/** The parameters of an answer (OpenID Connect Core §3.1.2.5 and §3.1.2.6, RFC 9207, Session Management §2). */
const answerFields = ['code', 'state', 'iss', 'session_state', 'error', 'error_description', 'error_uri']

const notBegun = refused(
  'institution_login_expired',
  'no sign-in was begun in this browser with this state, or it took too long'
)
