/** The page of an invitation for an account of another directory: the link counts with a sign-in there. */
import type { FastifyReply } from 'fastify'
import { GateError } from '../../src/errors.ts'
import type { NotAccepted } from '../../src/sign-in/first-factor.ts'
import type { Invited } from '../../src/sign-in/invitation.ts'
import { CurrentPassword } from './current-password.tsx'
import { enter, wayOn } from './enter.ts'
import { lostCookie, readForm, staleForm } from './forms.ts'
import { type Frame, Notice, Page, Said, Token } from './layout.tsx'
import { callerOf, frameOf, goTo, isSigned, type PageContext, sendPage } from './page-context.ts'
import { formatDuration, withWait } from './relative-time.ts'
import { withReturnTo } from './return-to.ts'

export interface ElsewhereView {
  readonly token: string
  readonly name: string
  readonly displayName: string
  /** The directory's title, and its id. */
  readonly place: string
  readonly directory: string
  /** The next action: type the password, sign in at the institution, or continue. */
  readonly step: 'password' | 'institution' | 'continue'
  /** The name of another signed-in person. */
  readonly other: string | null
  /** The page's own address. */
  readonly address: string
  readonly problem: string | null
  readonly waitSeconds: number | null
}

export function InviteElsewherePage({ frame, view }: { frame: Frame; view: ElsewhereView }) {
  const say = frame.say.inviteElsewhere
  const { step, other, problem, place } = view
  const action = `/.factorgate/invite/${view.token}`
  return (
    <Page frame={frame} title={frame.say.invite.title({ name: view.displayName })} drawing="open">
      {other !== null && <Notice>{say.other({ other, name: view.displayName })}</Notice>}
      <p>
        <Said
          text={
            step === 'continue' ? say.signedIn({ place }) : say.what({ lab: frame.look.title, place, name: view.name })
          }
        />
      </p>
      {problem !== null && (
        <Notice id="problem" alert waitSeconds={view.waitSeconds} ready={frame.say.login.ready}>
          {problem}
        </Notice>
      )}
      {step === 'institution' ? (
        <a
          class="button"
          href={withReturnTo(
            `/.factorgate/login/${view.directory}`,
            { rd: view.address, state: null },
            other === null ? {} : { switch: '1' }
          )}
        >
          <Said text={frame.say.login.with({ place })} />
        </a>
      ) : (
        <form class="fields" method="post" action={action}>
          <Token frame={frame} />
          {step === 'password' && (
            <>
              <div>
                <label for="username">{frame.say.invite.username}</label>
                <input id="username" value={view.name} dir="auto" autocomplete="username" readOnly />
              </div>
              <CurrentPassword say={frame.say} label={frame.say.login.password} isWrong={problem !== null} isFirst />
            </>
          )}
          <button type="submit">{step === 'continue' ? say.submit : frame.say.login.submit}</button>
        </form>
      )}
    </Page>
  )
}

/** Shows the page, or the next step if this browser has used the link. */
export async function showElsewhere(page: PageContext, token: string, invited: Invited): Promise<FastifyReply> {
  const { invitation } = page.portal.signIn
  if (isSigned(page) && invitation.isHalfWay(page.principal, token)) return goTo(page, await wayOn(page))
  return show(page, 200, token, invited)
}

/** The link counts only with the sign-in of its own account. */
export async function answerElsewhere(page: PageContext, token: string, invited: Invited): Promise<FastifyReply> {
  const { say } = page
  const { invitation } = page.portal.signIn
  const lost = lostCookie(page)
  if (lost !== null) return show(lost, 403, token, invited, say.login.cookieLost)
  if (readForm(page) === 'expired') return show(page, 403, token, invited, say.login.formExpired)
  if (isSigned(page) && invitation.isAt(page.principal, invited))
    return goTo(page, enter(page, await invitation.join(callerOf(page), token, invited)))
  if (invited.via === 'institution') return show(page, 403, token, invited)
  const password = staleForm(page).field('password')
  const answer = await invitation.enterElsewhere(callerOf(page), token, invited, password)
  if (answer.kind === 'entered' || answer.kind === 'denied') return goTo(page, enter(page, answer))
  return refuse(page, token, invited, answer)
}

/** The answer to a password that was wrong, or not checked. */
function refuse(page: PageContext, token: string, invited: Invited, answer: NotAccepted): FastifyReply {
  const { say, reply } = page
  if (answer.kind === 'busy') throw new GateError('busy', { retryAfterSeconds: 2 })
  if (answer.kind === 'unreachable') throw new GateError('institution_unreachable', { retryAfterSeconds: 10 })
  if (answer.kind === 'throttled') {
    const seconds = Math.ceil(answer.retryAfterSeconds)
    reply.header('factorgate-error', 'too_many_attempts').header('retry-after', String(seconds))
    return show(page, 429, token, invited, say.login.throttled({ wait: formatDuration(seconds, say) }), seconds)
  }
  const { waitSeconds = null, why } = answer
  reply.header('factorgate-error', 'wrong_credentials')
  const sentence = why === undefined ? say.inviteElsewhere.wrong : say.login.held[why]
  return show(page, 401, token, invited, withWait(reply, sentence, waitSeconds, say), waitSeconds)
}

function show(
  page: PageContext,
  status: number,
  token: string,
  invited: Invited,
  problem: string | null = null,
  waitSeconds: number | null = null
): FastifyReply {
  const { portal, principal } = page
  const { account, via } = invited
  const isThem = principal !== null && portal.signIn.invitation.isAt(principal, invited)
  const view: ElsewhereView = {
    token,
    name: account.name,
    displayName: account.displayName,
    place: portal.directories.titleOf(account.directory),
    directory: account.directory,
    step: isThem ? 'continue' : via === 'institution' ? 'institution' : 'password',
    other: principal === null || principal.account.id === account.id ? null : principal.account.displayName,
    address: `${portal.portalOrigin}/.factorgate/invite/${token}`,
    problem,
    waitSeconds
  }
  return sendPage(page, status, <InviteElsewherePage frame={{ ...frameOf(page), person: null }} view={view} />)
}
