/** The page that offers second factors to enrol, and shared parts. src/sign-in/enrolment.ts decides who may. */
import type { FastifyInstance, FastifyReply } from 'fastify'
import { GateError } from '../../src/errors.ts'
import { credentialKinds } from '../../src/factor/kinds.ts'
import type { Enrolled, MayEnrol } from '../../src/sign-in/enrolment.ts'
import type { Denied } from '../../src/sign-in/outcome.ts'
import { setEntryCookies, urlOf } from './enter.ts'
import { setFlash } from './flash.ts'
import { type Frame, Notice, Page } from './layout.tsx'
import { type AuthenticatedContext, callerOf, frameOf, goTo, sendPage, signedPage } from './page-context.ts'
import { hasWaitingCodes, keepCodes } from './recovery.tsx'
import { type ReturnTo, withReturnTo } from './return-to.ts'
import { beginSetUp, isAddingSecond, secondAddress } from './set-up.tsx'

interface EnrolView {
  readonly returnTo: ReturnTo
  readonly isFirst: boolean
  readonly isOff: boolean
  /** Who has approved the enrolment, if anybody. */
  readonly sponsor?: string | null
}

export function EnrolPage({ frame, view }: { frame: Frame; view: EnrolView }) {
  const say = frame.say.enrol
  return (
    <Page frame={frame} title={view.isFirst ? say.firstTitle : say.title} drawing="key">
      {view.sponsor != null && <Notice>{frame.say.sponsor.approvedBy({ by: view.sponsor })}</Notice>}
      {view.isOff && <Notice>{say.off}</Notice>}
      <p>{say.lead}</p>
      <ul class="choice">
        {credentialKinds.map(kind => (
          <li key={kind}>
            <h2>
              <a href={withReturnTo(`/.factorgate/enrol/${kind}`, view.returnTo)}>{say.choice[kind].name}</a>
            </h2>
            {kind === 'webauthn' && <p class="label">{say.recommended}</p>}
            <p>{say.choice[kind].why}</p>
            <p class="soft">{say.choice[kind].need}</p>
          </li>
        ))}
      </ul>
    </Page>
  )
}

export function NameField({ frame, value }: { frame: Frame; value: string }) {
  const say = frame.say.enrol
  return (
    <div>
      <label for="name">{say.name}</label>
      <p class="soft" id="hint-name">
        {say.nameHint}
      </p>
      <input
        id="name"
        name="name"
        value={value}
        dir="auto"
        maxLength={64}
        autocomplete="off"
        aria-describedby="hint-name"
        required
      />
    </div>
  )
}

/** One line of 1 to 64 characters; otherwise null. */
export function cleanName(text: string): string | null {
  const name = text.normalize('NFC').replace(/\s+/g, ' ').trim()
  return name !== '' && [...name].length <= 64 && !/[\p{Cc}\p{Cf}\p{Co}\p{Cn}]/u.test(name) ? name : null
}

/** Null, or the redirect to the challenge or to the request for approval. Throws a refusal. */
export async function mayEnrol(page: AuthenticatedContext): Promise<FastifyReply | null> {
  const { enrolment, sponsorship } = page.portal.signIn
  const may = await enrolment.may(callerOf(page))
  if (may === 'no' && page.request.method === 'GET' && (await sponsorship.isOpenTo(page.principal)))
    return goTo(page, withReturnTo('/.factorgate/sponsor/ask', page.returnTo))
  return may === 'yes' ? null : refuseEnrolment(page, may)
}

/** Returns to this page. Throws if no factor can confirm, or if the request is a form. */
export function refuseEnrolment(page: AuthenticatedContext, may: Exclude<MayEnrol, 'yes'>): FastifyReply {
  const { portal, request } = page
  if (may === 'no' || request.method !== 'GET') throw new GateError('enrolment_not_allowed')
  const rd = portal.portalOrigin + request.exchange.target.raw
  return goTo(page, withReturnTo('/.factorgate/challenge', { rd, state: null }))
}

/** Returns the next address. Throws a refusal, and a failure after the cookies are set. */
export function enterEnrolled(page: AuthenticatedContext, outcome: Enrolled | Denied): string {
  if (outcome.kind === 'denied') throw new GateError(outcome.code, outcome)
  setEntryCookies(page, outcome)
  if (outcome.codes !== null) keepCodes(page, outcome.codes)
  const isFirst = !page.principal.isFullySignedIn
  if (isFirst) beginSetUp(page)
  const isThrough = outcome.next.kind !== 'failed' && outcome.next.kind !== 'recovery-codes'
  if (isThrough && (isFirst || isAddingSecond(page))) return secondAddress(page)
  if (outcome.next.kind === 'account') setFlash(page, { kind: 'added', name: outcome.credential.name })
  return urlOf(outcome.next, page.returnTo)
}

/** Unsaved recovery codes come before the next step. */
export async function afterEnrolment(page: AuthenticatedContext): Promise<string> {
  if (hasWaitingCodes(page)) return urlOf({ kind: 'recovery-codes' }, page.returnTo)
  if (isAddingSecond(page)) return secondAddress(page)
  return urlOf(await page.portal.signIn.enrolment.next(callerOf(page), page.principal), page.returnTo)
}

export function registerEnrol(scope: FastifyInstance): void {
  const { portal } = scope
  scope.get('/.factorgate/enrol', { config: { requires: 'first-factor' } }, async request => {
    const page = signedPage(request)
    const refusal = await mayEnrol(page)
    if (refusal !== null) return refusal
    const { isFullySignedIn, account } = page.principal
    const isOff = !isFullySignedIn && (await portal.signIn.factors.areSwitchedOff(account.id))
    const grant = isFullySignedIn ? null : await portal.signIn.nextStep.grantFor(callerOf(page), page.principal)
    const sponsor = grant?.kind === 'sponsor' ? grant.by : null
    const view = { returnTo: page.returnTo, isFirst: !isFullySignedIn, isOff, sponsor }
    return sendPage(page, 200, <EnrolPage frame={frameOf(page)} view={view} />)
  })
}
