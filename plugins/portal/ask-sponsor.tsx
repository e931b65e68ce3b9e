/** The page on which a person without a second factor asks a colleague or the operators for approval. */
import type { FastifyInstance } from 'fastify'
import { GateError } from '../../src/errors.ts'
import { numberOf, type Sponsorship } from '../../src/identity/sponsorships.ts'
import { askedCookie } from '../cookies.ts'
import { urlOf, wayOn } from './enter.ts'
import { lostCookie, readForm, staleForm } from './forms.ts'
import { FormProblem, type Frame, Notice, Page, Said, Token } from './layout.tsx'
import { type AuthenticatedContext, callerOf, frameOf, goTo, sendPage, signedPage } from './page-context.ts'
import { formatRelative } from './relative-time.ts'
import { type ReturnTo, withReturnTo } from './return-to.ts'

interface AskView {
  readonly returnTo: ReturnTo
  readonly now: number
  /** The open or declined request. */
  readonly request: Pick<Sponsorship, 'id' | 'state' | 'askedAt' | 'decidedBy'> | null
  /** The request was made in another browser, where its approval is valid. */
  readonly isElsewhere?: boolean
  readonly problem: string | null
}

const path = '/.factorgate/sponsor/ask'

export function AskSponsorPage({ frame, view }: { frame: Frame; view: AskView }) {
  const say = frame.say.sponsor
  const { request, problem } = view
  const isOpen = request?.state === 'open' && view.isElsewhere !== true
  return (
    <Page frame={frame} title={isOpen ? say.waitTitle : say.askTitle} drawing={isOpen ? 'ajar' : 'shut'}>
      {request != null && view.isElsewhere === true && <Notice>{say.elsewhere}</Notice>}
      {request?.state === 'declined' && <Notice>{say.declined({ by: request.decidedBy?.displayName ?? '' })}</Notice>}
      {isOpen ? (
        <>
          <p>{say.waitWhat({ when: formatRelative(request.askedAt, view.now, frame.say) })}</p>
          <p>
            <Said text={say.number({ digits: numberOf(request) })} />
          </p>
          <p>{say.waitNow}</p>
          <a class="button" href={withReturnTo(path, view.returnTo)}>
            {say.look}
          </a>
          <details open={problem !== null}>
            <summary>{say.askAnother}</summary>
            <AskForm frame={frame} view={view} />
          </details>
        </>
      ) : (
        <>
          <p>{say.askWhat}</p>
          <AskForm frame={frame} view={view} />
        </>
      )}
    </Page>
  )
}

function AskForm({ frame, view: { returnTo, problem } }: { frame: Frame; view: AskView }) {
  const say = frame.say.sponsor
  return (
    <form class="fields" method="post" action={withReturnTo(path, returnTo)}>
      <Token frame={frame} />
      <FormProblem text={problem} />
      <div>
        <label for="who">{say.who}</label>
        <p class="soft" id="hint-who">
          {say.whoHint}
        </p>
        <input
          id="who"
          name="who"
          dir="auto"
          autocomplete="off"
          autocapitalize="none"
          spellcheck={false}
          maxLength={256}
          required
          autofocus={problem !== null}
          aria-invalid={problem !== null || undefined}
          aria-describedby={problem === null ? 'hint-who' : 'problem hint-who'}
        />
      </div>
      <button type="submit">{say.askThem}</button>
      <button type="submit" class="second" name="operators" value="yes" formNoValidate>
        {say.askOperators}
      </button>
    </form>
  )
}

export function registerAskSponsor(scope: FastifyInstance): void {
  const { sponsorship, nextStep } = scope.portal.signIn
  const config = { requires: 'first-factor', isStep: true } as const

  scope.get(path, { config }, async request => {
    const page = signedPage(request)
    if ((await nextStep.grantFor(callerOf(page), page.principal)) !== null)
      return goTo(page, urlOf({ kind: 'enrol' }, page.returnTo))
    if (!(await sponsorship.isOpenTo(page.principal))) return goTo(page, await wayOn(page))
    return show(page, 200, null)
  })

  scope.post(path, { config }, async request => {
    const page = signedPage(request)
    const { say } = page
    const lost = lostCookie(page)
    if (lost !== null) return show(lost, 403, say.login.cookieLost)
    if (readForm(page) === 'expired') return show(page, 403, say.login.formExpired)
    const form = staleForm(page)
    const who = form.field('who').trim()
    const isForOperators = form.field('operators') === 'yes'
    if (!isForOperators && who === '') return show(page, 403, say.sponsor.whoMissing)
    const answer = await sponsorship.ask(callerOf(page), isForOperators ? null : who)
    if (answer.kind === 'asked') {
      page.reply.header('set-cookie', askedCookie(answer.asker, page.site))
      return goTo(page, withReturnTo(path, page.returnTo))
    }
    if (answer.kind === 'self') return show(page, 403, say.sponsor.self)
    if (answer.kind === 'denied') throw new GateError(answer.code, answer)
    page.reply.header('factorgate-error', 'too_many_attempts')
    return show(page, 429, say.sponsor.tooSoon)
  })

  async function show(page: AuthenticatedContext, status: number, problem: string | null) {
    const own = await sponsorship.own(callerOf(page))
    const { returnTo, now } = page
    const isElsewhere = own !== null && !own.isHere && own.request.state !== 'declined'
    // An expired approval counts as none: the person asks again.
    const isOver = own?.isHere === true && own.request.state === 'approved'
    const view = {
      returnTo,
      now,
      request: own === null || isOver ? null : own.request,
      isElsewhere,
      problem
    }
    return sendPage(page, status, <AskSponsorPage frame={frameOf(page)} view={view} />)
  }
}
