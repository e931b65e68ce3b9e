/** The routes of a SAML institution: start, returning form, end in the browser that began it, our metadata, and sign-outs. */
import type { FastifyInstance, FastifyReply } from 'fastify'
import { GateError } from '../../../src/errors.ts'
import { type InstitutionAnswer, refused } from '../../../src/identity/institution.ts'
import { nameFor } from '../../../src/identity/saml/aggregate.ts'
import type { IdentityProvider } from '../../../src/identity/saml/metadata-entity.ts'
import type { SamlInstitution } from '../../../src/identity/saml/saml.ts'
import { withHead } from '../../with-head.ts'
import { staleForm } from '../forms.ts'
import { callerOf, frameOf, goTo, isSigned, type PageContext, sendPage } from '../page-context.ts'
import { arrive, refuse } from './arrive.ts'
import { type BegunLogin, keepBegun, takeBegun } from './begun-login.ts'
import { confirm, stepUpOf } from './confirm.ts'
import { isOurRelayState, isRequestOf, newRequest } from './relay-state.ts'
import { ChooserPage, chosenBefore, maxRows, rememberChoice } from './saml-chooser.tsx'
import { RequestPage } from './saml-request.tsx'

/** An encrypted assertion with five thousand groups of ninety letters has 1.2 MiB as a form; other real ones stay below 50 KiB. Anybody may send one. */
const maxResponseBytes = 1.25 * 1024 * 1024
/** A longer refusal counts as an attempt, because reading it costs more than real ones do. */
const maxStatusLength = 64 * 1024

export function registerSaml(scope: FastifyInstance, institution: SamlInstitution): void {
  const { source } = institution
  const path = `/.factorgate/login/${source.id}`
  const config = { requires: 'anyone', isStep: true } as const

  scope.get(path, { config }, async ({ page }) => startLogin(page, institution, path))

  scope.post(
    `${path}/acs`,
    { config: { requires: 'anyone', takes: 'foreign-form' }, bodyLimit: maxResponseBytes },
    async ({ page }) => takeAnswer(page, institution, path)
  )

  // The provider uses another binding than the metadata names, which the log says.
  scope.get(`${path}/acs`, { config: { requires: 'anyone' } }, async ({ page }) => {
    const { SAMLResponse, SAMLart } = page.request.query as Record<string, unknown>
    if (SAMLResponse === undefined && SAMLart === undefined) throw new GateError('not_found')
    return refuse(page, source, answerInAddress)
  })
  scope.post(`${path}/slo`, { config: { requires: 'anyone', takes: 'foreign-form' } }, async ({ page }) =>
    refuse(page, source, signOutAsForm)
  )

  scope.get(`${path}/finish`, { config: { requires: 'anyone' } }, async ({ page }) => finish(page, institution))

  scope.get(
    `${path}/metadata`,
    { config: { requires: 'anyone', isData: true }, ...withHead },
    async (_request, reply) =>
      reply
        .type('application/samlmetadata+xml; charset=utf-8')
        .header('cache-control', 'no-cache')
        .send(institution.metadata)
  )

  scope.get(`${path}/slo`, { config: { requires: 'anyone', isData: true } }, async ({ page }) =>
    takeSignOut(page, institution)
  )
}

/** Sends the browser to the identity provider, or to the choice of one. */
async function startLogin(page: PageContext, institution: SamlInstitution, path: string): Promise<FastifyReply> {
  const { source } = institution
  const { idp, q } = page.request.query as Record<string, unknown>
  const isStepUp = stepUpOf(page, institution) !== null
  const chosen =
    institution.onlyProvider ?? (typeof idp === 'string' ? idp : isStepUp ? await providerOf(page, institution) : null)
  const single = chosen ?? (await singleOf(page, institution))
  if (single === null) return choose(page, institution, path, typeof q === 'string' ? q.slice(0, 200) : '', isStepUp)
  const provider = await findOrRefuse(page, institution, single)
  if (chosen !== null && institution.onlyProvider === null) rememberChoice(page, source.id, provider.entityId)
  return begin(page, institution, provider, { isStepUp, asksForMfa: institution.asksForMfa })
}

/** The provider that has signed this person in. */
async function providerOf({ portal, principal }: PageContext, institution: SamlInstitution): Promise<string | null> {
  const session = principal === null ? null : await portal.signIn.institutionLogin.sessionOf(principal.session.id)
  return session === null ? null : institution.providerOf(session)
}

/** The form that the provider's page sends. */
async function takeAnswer(page: PageContext, institution: SamlInstitution, path: string): Promise<FastifyReply> {
  const { source } = institution
  const form = staleForm(page)
  const state = form.field('RelayState')
  if (!isOurRelayState(page, source.id, state)) return refuse(page, source, notBegun)
  const received = await receive(page, institution, form.field('SAMLResponse'), state)
  if (received.kind === 'refused') return refuse(page, source, refused('institution_answer_invalid', received.detail))
  const query = new URLSearchParams({ login: state })
  if (received.kind === 'answer') query.set('code', received.code)
  else {
    page.portal.log.warn(
      { institution: source.id, detail: received.detail },
      'an identity provider did not sign somebody in'
    )
    query.set('status', received.code)
  }
  // It came without our cookies; the next request has them.
  return goTo(page, `${path}/finish?${query}`)
}

async function takeSignOut(page: PageContext, institution: SamlInstitution): Promise<FastifyReply> {
  const { source } = institution
  const signedOut = `${page.portal.portalOrigin}/.factorgate/signed-out`
  const message = await withMetadata(page, institution, () =>
    institution.receiveSignOut(page.request.exchange.target.query.replace(/^\?/, ''))
  )
  if (message.kind === 'refused')
    return refuse(page, source, refused('institution_answer_invalid', `a sign-out message: ${message.detail}`))
  if (message.kind === 'response') return goTo(page, signedOut)
  for (const who of message.who)
    await page.portal.signIn.institutionLogin.signedOutThere(callerOf(page), source.id, who)
  return goTo(page, message.answerUrl ?? signedOut)
}

const answerInAddress = refused(
  'institution_answer_invalid',
  'the answer came in the address (HTTP-Redirect or HTTP-Artifact); let the provider send it as a form (HTTP-POST)'
)
const signOutAsForm = refused(
  'institution_answer_invalid',
  'a sign-out message came as a form (HTTP-POST); let the provider send it in the address (HTTP-Redirect)'
)

const notBegun = refused(
  'institution_login_expired',
  'this gate has not begun a sign-in with this RelayState, or it took too long'
)

/** Invalid answers count for the network that sends them. */
async function receive(page: PageContext, institution: SamlInstitution, field: string, state: string) {
  const attempt = await page.portal.signIn.institutionLogin.attempt(callerOf(page), institution.source)
  if (attempt.kind === 'throttled')
    throw new GateError('too_many_attempts', { retryAfterSeconds: attempt.retryAfterSeconds })
  const received = await withMetadata(page, institution, () =>
    institution.receive(field, id => isRequestOf(page, state, id))
  )
  if (received.kind === 'answer' || (received.kind === 'status' && field.length <= maxStatusLength))
    await attempt.released()
  return received
}

async function findOrRefuse(
  page: PageContext,
  institution: SamlInstitution,
  entityId: string
): Promise<IdentityProvider> {
  const provider = await withMetadata(page, institution, () => institution.find(entityId))
  if (provider !== null) return provider
  return refuse(
    page,
    institution.source,
    refused(
      'institution_refused',
      `the metadata describes no identity provider '${entityId.slice(0, 100).replace(/[^\x20-\x7e]/g, '?')}'`
    )
  )
}

/** Logs unavailable metadata, and tells the person that the institution does not answer. */
async function withMetadata<T>(page: PageContext, { source }: SamlInstitution, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask()
  } catch (error) {
    if (error instanceof GateError && error.code === 'institution_unreachable')
      return refuse(
        page,
        source,
        refused('institution_unreachable', (error.cause as Error | undefined)?.message ?? error.message)
      )
    throw error
  }
}

function begin(
  page: PageContext,
  institution: SamlInstitution,
  provider: IdentityProvider,
  { isStepUp, asksForMfa }: { isStepUp: boolean; asksForMfa: boolean }
): FastifyReply {
  const asked = newRequest(page, institution.source.id)
  const begun = institution.begin(provider, asked, { isForced: isStepUp, asksForMfa })
  const { url, message, id, entityId } = begun
  keepBegun(page, asked.relayState, {
    institution: institution.source.id,
    isStepUp,
    returnTo: page.returnTo,
    values: { id, entityId, mfa: begun.asksForMfa ? '1' : '' }
  })
  if (message === null) return goTo(page, url)
  const view = {
    title: institution.source.title,
    action: url,
    message,
    relayState: asked.relayState,
    sendsItself: true
  }
  return sendPage(page, 200, <RequestPage frame={frameOf(page)} view={view} />, url)
}

async function finish(page: PageContext, institution: SamlInstitution): Promise<FastifyReply> {
  const { source } = institution
  const { login, code, status } = page.request.query as Record<string, unknown>
  const isOurs = typeof login === 'string' && isOurRelayState(page, source.id, login)
  const begun = isOurs ? takeBegun(page, login, source.id) : null
  const verified = typeof code === 'string' ? await institution.take(code) : null
  if (begun === null)
    return refuse(
      page,
      source,
      refused('institution_login_expired', 'this browser has not begun that sign-in, or it took too long')
    )
  const way = { ...page, returnTo: begun.returnTo }
  if (typeof status === 'string')
    return notSignedIn(way, institution, begun, status.replace(/[^A-Za-z]/g, '').slice(0, 40))
  if (verified === null)
    return refuse(
      way,
      source,
      refused('institution_login_expired', 'the answer of this sign-in was used already, or waited too long')
    )
  const { id, entityId } = begun.values
  if (verified.entityId !== entityId)
    return refuse(
      way,
      source,
      refused('institution_answer_invalid', `the answer is from '${verified.entityId}', and '${entityId}' was asked`)
    )
  if (verified.inResponseTo !== id)
    return refuse(
      way,
      source,
      refused(
        'institution_answer_invalid',
        'the answer is about another request than that of this browser (InResponseTo)'
      )
    )
  return confirmOrArrive(way, institution, begun, verified.answer)
}

function confirmOrArrive(
  page: PageContext,
  institution: SamlInstitution,
  { isStepUp }: BegunLogin,
  answer: InstitutionAnswer
): Promise<FastifyReply> {
  return isStepUp && isSigned(page) ? confirm(page, institution, answer) : arrive(page, institution, answer)
}

/** Some providers refuse a request for a second factor that they cannot check. The gate then asks without it, and demands a factor of its own. */
async function notSignedIn(
  page: PageContext,
  institution: SamlInstitution,
  begun: BegunLogin,
  status: string
): Promise<FastifyReply> {
  const { entityId = '', mfa } = begun.values
  if (status === 'NoAuthnContext' && mfa === '1' && !begun.isStepUp)
    return begin(page, institution, await findOrRefuse(page, institution, entityId), {
      isStepUp: false,
      asksForMfa: false
    })
  return confirmOrArrive(page, institution, begun, refused('institution_refused', `'${entityId}' answered ${status}`))
}

/** Null for several. */
async function singleOf(page: PageContext, institution: SamlInstitution): Promise<string | null> {
  if ((await withMetadata(page, institution, () => institution.size())) !== 1) return null
  const { found } = await withMetadata(page, institution, () => institution.search('', 1))
  return found[0]?.entityId ?? null
}

async function choose(
  page: PageContext,
  institution: SamlInstitution,
  path: string,
  query: string,
  isStepUp: boolean
): Promise<FastifyReply> {
  const { source } = institution
  const [{ found, total }, size] = await withMetadata(page, institution, () =>
    Promise.all([institution.search(query, maxRows), institution.size()])
  )
  const languages = languagesOf(page.request.raw.headers['accept-language'])
  const rowOf = (provider: IdentityProvider) => ({ entityId: provider.entityId, name: nameFor(provider, languages) })
  const before =
    query === ''
      ? await Promise.all(chosenBefore(page, source.id).map(each => institution.find(each).catch(() => null)))
      : []
  const view = {
    path,
    title: source.title,
    returnTo: page.returnTo,
    more: (isStepUp ? { for: 'challenge' } : {}) as Record<string, string>,
    query,
    before: before.filter(each => each !== null).map(rowOf),
    rows: found.map(rowOf),
    total,
    isList: size !== null
  }
  return sendPage(page, 200, <ChooserPage frame={frameOf(page)} view={view} />)
}

/** Preferred first, at most ten. */
function languagesOf(header: string | undefined): string[] {
  const tags = (header ?? '').split(',', 10).map(part => {
    const [tag = '', weight = '1'] = part.split(/;\s*q=/)
    return { tag: tag.trim(), weight: Number(weight) || 0 }
  })
  return tags
    .filter(({ tag, weight }) => /^[A-Za-z0-9-]{1,35}$/.test(tag) && weight > 0)
    .sort((one, other) => other.weight - one.weight)
    .map(({ tag }) => tag)
}
