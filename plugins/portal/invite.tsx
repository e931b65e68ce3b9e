/**
 * Invitations: whose it is, a password, and a session that may enrol. Owns the link's page; opening it spends nothing, since mail scanners and
 * previews open links too.
 */
import type { FastifyInstance } from 'fastify'
import { GateError } from '../../src/errors.ts'
import type { Account } from '../../src/identity/account.ts'
import { passwordProblem } from '../../src/identity/password.ts'
import { requireForm } from './forms.ts'
import { type Frame, Notice, Page } from './layout.tsx'
import { NewPassword } from './new-password.tsx'
import { onward } from './onward.ts'
import type { PortalOptions } from './options.ts'
import { namesAround } from './password-names.ts'
import { along, type Trip } from './trip.ts'
import { eventOf, frameOf, goTo, openVisit, sendPage, setSessionCookie, type Visit } from './visit.ts'

export interface InviteView {
  readonly trip: Trip
  readonly token: string
  readonly name: string
  readonly displayName: string
  readonly problem: string | null
}

export function InvitePage({ frame, view }: { frame: Frame; view: InviteView }) {
  const say = frame.say.invite
  const { problem } = view
  return (
    <Page frame={frame} title={say.title(view.displayName)} drawing="open">
      <p>{say.what(frame.look.title)}</p>
      <form class="fields" method="post" action={along(`/.factorgate/invite/${view.token}`, view.trip)}>
        <input type="hidden" name="csrf" value={frame.csrf} />
        {problem !== null && (
          <Notice id="problem" alert>
            {problem}
          </Notice>
        )}
        <div>
          <label for="username">{say.username}</label>
          <input id="username" value={view.name} autocomplete="username" readOnly />
        </div>
        <NewPassword say={frame.say} isWrong={problem !== null} isFirst />
        <button type="submit">{say.submit}</button>
      </form>
    </Page>
  )
}

const path = '/.factorgate/invite/:token'

export function registerInvite(scope: FastifyInstance, options: PortalOptions): void {
  const { invitations, accounts, localDirectory, sessions } = options.services

  scope.get(path, { config: { requires: 'anyone' } }, async (request, reply) => {
    const visit = openVisit(options, request, reply)
    const token = tokenOf(visit)
    return show(visit, 200, token, await invited(token), null)
  })

  scope.post(path, { config: { requires: 'anyone' } }, async (request, reply) => {
    const visit = openVisit(options, request, reply)
    const form = requireForm(visit)
    const token = tokenOf(visit)
    const account = await invited(token)
    const password = form.field('password')
    const problem = passwordProblem(password, namesAround(options, account))
    if (problem !== null) return show(visit, 403, token, account, visit.say.invite.problem[problem])
    // Hashed first, since that may be too much at the moment, and the link must then still be good.
    const keepPassword = await localDirectory.preparePassword(password)
    if (!options.audit.writable) throw new GateError('journal_unwritable', { retryAfterSeconds: 2 })
    // Spent before anything is done: of two who hold the link, one gets in.
    if ((await invitations.accept(token)) !== account.id) throw new GateError('invitation_invalid')
    await options.audit.commit(
      eventOf(visit, 'invitation.accept', { account: account.id, name: account.name, session: undefined })
    )
    await keepPassword(account.id)
    const entered = await sessions.start({
      accountId: account.id,
      proof: { kind: 'invitation', at: visit.now, userVerified: false },
      more: [{ kind: 'password', at: visit.now, userVerified: false }],
      device: visit.device,
      host: visit.site.host,
      replaces: visit.principal
    })
    setSessionCookie(reply, entered.token, visit.site)
    return goTo(visit, await onward(visit, entered.principal))
  })

  function tokenOf(visit: Visit): string {
    return (visit.request.params as { token: string }).token
  }

  /** Whom it is for. Suspended people hear the same as holders of a spent one, and so do people whose password is not ours to set. */
  async function invited(token: string): Promise<Account> {
    const id = await invitations.peek(token)
    const account = id === null ? null : await accounts.byId(id)
    if (account === null || account.suspended !== null || account.directory !== localDirectory.id)
      throw new GateError('invitation_invalid')
    return account
  }

  function show(visit: Visit, status: number, token: string, account: Account, problem: string | null) {
    const view = { trip: visit.trip, token, name: account.name, displayName: account.displayName, problem }
    return sendPage(visit, status, <InvitePage frame={{ ...frameOf(visit), person: null }} view={view} />)
  }
}
