/**
 * Recovery codes: the notice of the number left, and the page with a new list. A list is shown until the person ticks the box, and is
 * sealed meanwhile in a cookie of ten minutes, so that a reload loses nothing and no store holds it.
 */
import type { FastifyInstance } from 'fastify'
import { readForm, requireForm } from './forms.ts'
import { FormProblem, type Frame, Page, plain, Said, Token } from './layout.tsx'
import { type AuthenticatedContext, callerOf, frameOf, goTo, sendPage, signedPage } from './page-context.ts'
import { type ReturnTo, withReturnTo } from './return-to.ts'
import { dropSealed, keepSealed, readSealed } from './sealed-cookie.ts'
import { afterCodes } from './set-up.tsx'

interface RecoveryView {
  readonly returnTo: ReturnTo
  readonly codes: readonly string[]
  readonly name: string
  /** The portal's, for the paper. */
  readonly address: string
  readonly now: number
  readonly problem: string | null
}

export function RecoveryPage({ frame, view }: { frame: Frame; view: RecoveryView }) {
  const say = frame.say.recovery
  const named = say.file({ name: view.name, lab: frame.look.title })
  const heading = plain(named)
  const use = say.use({ address: view.address, choice: frame.say.challenge.instead.recovery })
  const { contact } = frame.look
  const ask = contact === null ? null : say.ask({ contact })
  const lines = [heading, plain(use), say.fileHint, ...(ask === null ? [] : [plain(ask)]), '', ...view.codes, '']
  return (
    <Page frame={frame} title={say.title} drawing="key">
      <p>{say.lead}</p>
      <div class="printed">
        <p>
          <Said text={say.printed({ what: named, when: frame.say.formats.date(view.now) })} />
        </p>
        <p>
          <Said text={use} />
        </p>
        <p>{say.tick}</p>
        {ask !== null && (
          <p>
            <Said text={ask} />
          </p>
        )}
      </div>
      <ol class="secret codes" aria-label={heading}>
        {view.codes.map(code => (
          <li key={code}>{code}</li>
        ))}
      </ol>
      <div class="row">
        <button type="button" class="second scripted" data-print="">
          {say.print}
        </button>
        <a
          class="button second"
          download={say.fileName}
          href={`data:text/plain;charset=utf-8,${lines.join('\n').replace(/[%#\n]/g, encodeURIComponent)}`}
        >
          {say.download}
        </a>
        <button type="button" class="second scripted" data-copy="" data-copied={say.copied}>
          {say.copy}
        </button>
      </div>
      <p class="soft">{say.where}</p>
      <form class="fields" method="post" action={withReturnTo('/.factorgate/enrol/recovery/saved', view.returnTo)}>
        <Token frame={frame} />
        <FormProblem text={view.problem} />
        <label class="check">
          <input
            type="checkbox"
            name="saved"
            value="yes"
            required
            autofocus={view.problem !== null}
            aria-invalid={view.problem !== null || undefined}
            aria-describedby={view.problem === null ? undefined : 'problem'}
          />
          <span>{say.saved}</span>
        </label>
        <button type="submit">{say.submit}</button>
      </form>
    </Page>
  )
}

export function NewRecoveryPage({ frame, returnTo }: { frame: Frame; returnTo: ReturnTo }) {
  const say = frame.say.recovery
  return (
    <Page frame={frame} title={say.newTitle} drawing="key">
      <p>{say.newLead}</p>
      <form method="post" action={withReturnTo('/.factorgate/enrol/recovery', returnTo)}>
        <Token frame={frame} />
        <button type="submit" class="grave">
          {say.newSubmit}
        </button>
      </form>
      <p>
        <a href="/.factorgate/account">{say.cancel}</a>
      </p>
    </Page>
  )
}

/** At this number the page asks for new codes. */
const fewCodes = 2

export interface SpentView {
  readonly left: number
  readonly address: string
  readonly isAccount: boolean
}

export function SpentNotice({ frame, view }: { frame: Frame; view: SpentView }) {
  const say = frame.say.recovery
  const { left, address, isAccount } = view
  return (
    <div class="notice" role="status">
      <p>{say.spent({ left })}</p>
      <p>{isAccount ? say.lostHere : <a href="/.factorgate/account">{say.lost}</a>}</p>
      {left <= fewCodes && (
        <p>
          <a href={withReturnTo('/.factorgate/enrol/recovery', { rd: address, state: null })}>{say.fewNow}</a>
        </p>
      )}
    </div>
  )
}

export function keepCodes(page: AuthenticatedContext, codes: readonly string[]): void {
  keepSealed(page, 'codes', codes)
}

/** The unsaved list of this session. */
function waitingCodes(page: AuthenticatedContext): string[] | null {
  return readSealed(page, 'codes')
}

export function hasWaitingCodes(page: AuthenticatedContext): boolean {
  return waitingCodes(page) !== null
}

export function registerRecovery(scope: FastifyInstance): void {
  const { portal } = scope
  scope.get('/.factorgate/enrol/recovery', { config: { requires: 'fresh' } }, async request => {
    const page = signedPage(request)
    const codes = waitingCodes(page)
    if (codes !== null) return show(page, 200, codes, null)
    return sendPage(page, 200, <NewRecoveryPage frame={frameOf(page)} returnTo={page.returnTo} />)
  })

  scope.post('/.factorgate/enrol/recovery', { config: { requires: 'fresh' } }, async request => {
    const page = signedPage(request)
    requireForm(page)
    keepCodes(page, await portal.signIn.recovery.issue(callerOf(page)))
    return goTo(page, withReturnTo('/.factorgate/enrol/recovery', page.returnTo))
  })

  scope.post(
    '/.factorgate/enrol/recovery/saved',
    { config: { requires: 'signed-in', isStep: true } },
    async request => {
      const page = signedPage(request)
      const form = readForm(page)
      const codes = waitingCodes(page)
      if (form === 'expired')
        return codes === null ? goTo(page, await afterCodes(page)) : show(page, 403, codes, page.say.login.formExpired)
      if (form.field('saved') === '' && codes !== null) return show(page, 403, codes, page.say.recovery.savedMissing)
      dropSealed(page, 'codes')
      return goTo(page, await afterCodes(page))
    }
  )

  function show(page: AuthenticatedContext, status: number, codes: readonly string[], problem: string | null) {
    const { name } = page.principal.account
    const view = { returnTo: page.returnTo, codes, name, address: portal.portalOrigin, now: page.now, problem }
    return sendPage(page, status, <RecoveryPage frame={frameOf(page)} view={view} />)
  }
}
