/** The forms of actions on a person, which ask for a reason and a confirmation. */
import type { FastifyReply } from 'fastify'
import type { ComponentChildren } from 'preact'
import { canBeMailed } from '../../src/administration/invitation-mail.ts'
import { type Acting, type ActionOutcome, type Seen, versionOf } from '../../src/administration/operator-actions.ts'
import { readReason } from '../../src/administration/person-input.ts'
import { mayDo } from '../../src/administration/roles.ts'
import { GateError } from '../../src/errors.ts'
import { type Account, operators } from '../../src/identity/account.ts'
import type { AccountChange } from '../../src/identity/accounts.ts'
import { browserName } from '../portal/device-name.ts'
import { type Form, requireForm } from '../portal/forms.ts'
import { FormProblem, Said, Token } from '../portal/layout.tsx'
import { goTo, sendPage } from '../portal/page-context.ts'
import {
  accountOf,
  actingOf,
  type ConsoleFrame,
  type ConsolePage,
  consoleFrame,
  consolePage,
  type DoneNote,
  noteDone
} from './console-page.ts'
import {
  InvitationFields,
  NameField,
  PersonFields,
  Reason,
  readInvitation,
  readPerson,
  type TypedInvitation,
  type TypedPerson
} from './fields.tsx'
import { showInvitation } from './invitation-page.tsx'
import { Sheet } from './layout.tsx'
import type { ConsoleOptions } from './options.ts'
import type { PageScope } from './page-scope.ts'
import { endSessionPath, pathOf, showPerson } from './person.tsx'

const personActions = ['invite', 'change', 'rename', 'suspend', 'resume', 'unlock', 'reset', 'revoke'] as const
type PersonAction = (typeof personActions)[number]

const takesAway: readonly PersonAction[] = ['suspend', 'reset', 'revoke']

interface ActionView {
  readonly action: PersonAction
  readonly account: Account
  readonly version: string
  /** Null for local people. */
  readonly source: string | null
  readonly isInvited: boolean
  /** Operators must confirm that they mean their own access. */
  readonly asksSelf: boolean
  /** The one session that `revoke` ends. */
  readonly session: { readonly id: string; readonly device: string } | null
  /** The values of the refused form. */
  readonly typed: TypedPerson & { readonly reason: string; readonly name: string }
  readonly invitation: TypedInvitation
  readonly canMail: boolean
  /** A rename concerns them. */
  readonly rules: readonly string[]
  readonly problem: string | null
}

function ActionPage({ frame, view }: { frame: ConsoleFrame; view: ActionView }) {
  const { action, account } = view
  const say = frame.say.action
  const words = say[action]
  // The address of the page too: a form that came too late leads back to the same session, and not to all.
  const actionPath = view.session === null ? pathOf(account.id, action) : endSessionPath(account.id, view.session.id)
  return (
    <Sheet frame={frame} title={words.title({ name: account.displayName })} at="people" narrow>
      <p class="soft">
        <Said text={say.who({ name: account.displayName, user: account.name })} />
      </p>
      <p>{view.session === null ? words.lead : <Said text={say.revoke.one({ device: view.session.device })} />}</p>
      <Hints frame={frame} view={view} />
      <form class="fields" method="post" action={actionPath}>
        <Token frame={frame.frame} />
        <input type="hidden" name="version" value={view.version} />
        {view.session !== null && <input type="hidden" name="session" value={view.session.id} />}
        <FormProblem text={view.problem} takesFocus />
        {action === 'change' && <PersonFields frame={frame} typed={view.typed} />}
        {action === 'rename' && (
          <NameField frame={frame} label={say.rename.name} value={view.typed.name} hasProblem={view.problem !== null} />
        )}
        {action === 'invite' && (
          <InvitationFields frame={frame} typed={view.invitation} canMail={view.canMail} address={account.email} />
        )}
        <Reason
          frame={frame}
          value={view.typed.reason}
          reasons={words.reasons}
          isRead={action === 'suspend' || action === 'revoke'}
          hasProblem={view.problem !== null}
        />
        {view.asksSelf && (
          <label class="check">
            <input type="checkbox" name="self" value="yes" />
            <span>{say.selfMeant}</span>
          </label>
        )}
        <button type="submit" class={takesAway.includes(action) ? 'ends' : undefined}>
          {words.submit}
        </button>
      </form>
      <p>
        <a href={pathOf(account.id)}>{say.cancel}</a>
      </p>
    </Sheet>
  )
}

function Hints({ frame: { say }, view }: { frame: ConsoleFrame; view: ActionView }) {
  const { action, source, isInvited, rules } = view
  const hints: ComponentChildren[] = []
  if (action === 'invite') {
    if (source !== null) hints.push(<Said text={say.action.invite.elsewhere({ source })} />)
    if (isInvited) hints.push(say.action.invite.waiting)
    hints.push(say.action.invite.check)
  }
  if (action === 'change' && source !== null) hints.push(<Said text={say.action.change.elsewhere({ source })} />)
  if (action === 'rename') {
    hints.push(say.action.rename.apps)
    if (rules.length > 0) hints.push(<strong>{say.action.rename.rules({ rules: rules.join(', ') })}</strong>)
  }
  if (action === 'suspend') hints.push(say.action.suspend.undo)
  if (action === 'reset') hints.push(<strong>{say.action.reset.undo}</strong>, say.action.reset.check)
  if (action === 'revoke') hints.push(say.action.revoke.undo)
  return (
    <>
      {hints.map((hint, at) => (
        <p key={at}>{hint}</p>
      ))}
    </>
  )
}

/** The change that the form asks for, or a sentence. What stays as it is is not named, so that the journal says what has changed. */
function readChange(form: Form, account: Account, frame: ConsoleFrame): AccountChange | string {
  const person = readPerson(form, frame)
  if (typeof person === 'string') return person
  const { displayName, email, groups } = person
  if (displayName === null) return frame.say.action.input.display({ field: frame.say.action.change.display })
  const isSame = groups.length === account.groups.length && groups.every(group => account.groups.includes(group))
  return {
    ...(displayName === account.displayName ? {} : { displayName }),
    ...(email === account.email ? {} : { email }),
    ...(isSame ? {} : { groups })
  }
}

interface Act {
  readonly page: ConsolePage
  readonly options: ConsoleOptions
  readonly account: Account
  readonly form: Form
  readonly by: Acting
  readonly seen: Seen
  /** Shows the form again with the problem. */
  readonly again: (problem: string) => Promise<FastifyReply>
}

export function registerPersonActions(scope: PageScope, options: ConsoleOptions): void {
  for (const action of personActions) {
    const path = pathOf(':id', action)

    scope.get(path, { config: { requires: 'console' } }, async request => {
      const page = consolePage(request)
      const account = await accountOf(page, options.accounts)
      const sessionId = new URLSearchParams(page.request.exchange.target.query).get('session')
      return show(page, options, account, action, 200, { sessionId })
    })

    scope.post(path, { config: { requires: 'console' } }, async request =>
      submit(consolePage(request), action, options)
    )
  }
}

async function submit(page: ConsolePage, action: PersonAction, options: ConsoleOptions): Promise<FastifyReply> {
  const form = requireForm(page)
  const account = await accountOf(page, options.accounts)
  const frame = consoleFrame(page)
  const sessionId = form.field('session') || null
  const again = (problem: string) => show(page, options, account, action, 403, { problem, form, sessionId })
  const reason = readReason(form.field('reason'))
  if ('rule' in reason) return again(frame.say.action.reasonMissing)
  const seen: Seen = {
    id: account.id,
    version: form.field('version'),
    isSelfMeant: form.field('self') === 'yes'
  }
  const act = { page, options, account, form, by: actingOf(page, reason.value), seen, again }
  if (action === 'invite') return sendInvitation(act)
  if (action === 'change') return change(act)
  const outcome = await carryOut(action, act, sessionId)
  if (outcome.kind === 'refused') return refusedPage(act, outcome.why)
  const isAsked = 'isAsked' in outcome && outcome.isAsked
  return finish(act, outcome.account, isAsked ? 'resumeAsked' : action, 'ended' in outcome ? outcome.ended : 0)
}

async function sendInvitation(act: Act): Promise<FastifyReply> {
  const { page, options, form, by, seen } = act
  const invitation = readInvitation(form)
  const outcome = await options.actions.invite(by, seen, invitation.validSeconds)
  if (outcome.kind === 'refused') return refusedPage(act, outcome.why)
  return showInvitation(page, options, outcome, invitation)
}

async function change(act: Act): Promise<FastifyReply> {
  const { page, options, account, form, by, seen, again } = act
  const change = readChange(form, account, consoleFrame(page))
  if (typeof change === 'string') return again(change)
  if (Object.keys(change).length === 0) return goTo(page, pathOf(account.id))
  const outcome = await options.actions.change(by, seen, change)
  return outcome.kind === 'refused' ? refusedPage(act, outcome.why) : finish(act, outcome.account, 'change', 0)
}

function carryOut(
  action: Exclude<PersonAction, 'invite' | 'change'>,
  { options, form, by, seen }: Act,
  sessionId: string | null
) {
  const { actions } = options
  switch (action) {
    case 'rename':
      return actions.rename(by, seen, form.field('name'))
    case 'revoke':
      return actions.revoke(by, seen, sessionId)
    default:
      return actions[action](by, seen)
  }
}

/** `account`: as it is now. */
function finish({ page, options }: Act, account: Account, action: DoneNote['action'], ended: number): FastifyReply {
  noteDone(page, { action, id: account.id, name: account.displayName, ended })
  options.signedIn.forget()
  return goTo(page, pathOf(account.id))
}

/** The person, or the form again. */
function refusedPage(
  { page, options, again }: Act,
  why: Exclude<ActionOutcome<object>, { kind: 'done' }>['why']
): Promise<FastifyReply> {
  const sentence = page.words.action.refused[why]
  if (why === 'gone') throw new GateError('not_found')
  return why === 'changed' || why === 'not_yours' ? showPerson(page, options, 403, sentence) : again(sentence)
}

async function show(
  page: ConsolePage,
  options: ConsoleOptions,
  account: Account,
  action: PersonAction,
  status: number,
  { problem = null, form, sessionId }: { problem?: string | null; form?: Form; sessionId: string | null }
): Promise<FastifyReply> {
  if (!mayDo(page.role, action, account)) return showPerson(page, options, 403, page.words.action.refused.not_yours)
  const { services, directories } = page.portal
  const [invitation, sessions] = await Promise.all([
    services.invitations.waiting(account.id),
    sessionId === null ? [] : services.sessions.list(account.id)
  ])
  const session = sessions.find(one => one.session.id === sessionId)?.session
  // It has ended meanwhile, and a form about all sessions is not what the operator has asked for.
  if (sessionId !== null && session === undefined) return goTo(page, pathOf(account.id))
  const isSelf = account.id === page.principal.account.id && account.groups.includes(operators)
  const typed = (name: string, otherwise: string) => (form === undefined ? otherwise : form.field(name))
  const view: ActionView = {
    action,
    account,
    version: typed('version', versionOf(account)),
    source: account.directory === services.localDirectory.id ? null : directories.titleOf(account.directory),
    isInvited: invitation !== null,
    asksSelf: isSelf && (action === 'suspend' || action === 'reset' || action === 'change'),
    session: session === undefined ? null : { id: session.id, device: browserName(session.device.userAgent, page.say) },
    typed: {
      reason: typed('reason', ''),
      name: typed('name', account.name),
      display: typed('display', account.displayName),
      email: typed('email', account.email ?? ''),
      groups: typed('groups', account.groups.join(', '))
    },
    invitation: form === undefined ? { valid: '', mail: true } : readInvitation(form),
    canMail: options.invitationMail !== null && canBeMailed(account.email),
    rules: action === 'rename' ? options.rulesNaming(account.name) : [],
    problem
  }
  return sendPage(page, status, <ActionPage frame={consoleFrame(page)} view={view} />)
}
