/** A person's logins at apps in the console: the list on the person's page, and the form that removes one. Neither shows what is in a login. */
import type { FastifyReply } from 'fastify'
import { type Seen, versionOf } from '../../src/administration/operator-actions.ts'
import { readReason } from '../../src/administration/person-input.ts'
import { mayDo } from '../../src/administration/roles.ts'
import { GateError } from '../../src/errors.ts'
import type { Account } from '../../src/identity/account.ts'
import type { KeptLogin } from '../../src/upstream-login/upstream-logins.ts'
import { type Form, requireForm } from '../portal/forms.ts'
import { Notice, Said, Token } from '../portal/layout.tsx'
import { goTo, sendPage } from '../portal/page-context.ts'
import { formatRelative } from '../portal/relative-time.ts'
import {
  accountOf,
  actingOf,
  type ConsoleFrame,
  type ConsolePage,
  consoleFrame,
  consolePage,
  noteDone
} from './console-page.ts'
import { Reason } from './fields.tsx'
import { base, Sheet } from './layout.tsx'
import type { ConsoleOptions, LoginsAtApps } from './options.ts'
import type { PageScope } from './page-scope.ts'

export interface LoginRow extends KeptLogin {
  /** Null for an app that is gone, or that takes no logins any more. */
  readonly title: string | null
}

const loginPath = (accountId: string, app?: string) =>
  `${base}/people/${accountId}/login${app === undefined ? '' : `?app=${encodeURIComponent(app)}`}`

export async function loginRows(logins: LoginsAtApps | null, accountId: string): Promise<LoginRow[]> {
  const kept = (await logins?.kept(accountId)) ?? []
  return kept.map(login => ({ ...login, title: logins?.apps.get(login.app) ?? null }))
}

interface SectionProps {
  readonly frame: ConsoleFrame
  readonly accountId: string
  readonly logins: readonly LoginRow[]
  readonly mayRemove: boolean
  readonly now: number
}

export function LoginsSection({ frame, accountId, logins, mayRemove, now }: SectionProps) {
  const say = frame.say.logins
  return (
    <section aria-labelledby="logins">
      <h2 id="logins">{say.title}</h2>
      <ul class="list">
        {logins.map(login => (
          <li key={login.app}>
            <LoginFacts frame={frame} login={login} now={now} />
            {mayRemove && (
              <p class="acts">
                <a class="ends" href={loginPath(accountId, login.app)}>
                  {say.remove}
                </a>
              </p>
            )}
          </li>
        ))}
      </ul>
    </section>
  )
}

function LoginFacts({ frame, login, now }: { frame: ConsoleFrame; login: LoginRow; now: number }) {
  const say = frame.say.logins
  return (
    <>
      <p>
        <bdi>{login.title ?? login.app}</bdi> {login.title !== null && <code>{login.app}</code>}
      </p>
      <p class="soft">
        {whenEntered(frame, login, now)} {login.title === null && say.left}
      </p>
    </>
  )
}

function whenEntered({ frame, say }: ConsoleFrame, { storedAt, refusedAt }: LoginRow, now: number): string {
  if (storedAt === null) return say.logins.unopened
  const when = formatRelative(storedAt, now, frame.say)
  if (refusedAt === null) return say.logins.entered({ when })
  return say.logins.refused({ when, refused: formatRelative(refusedAt, now, frame.say) })
}

interface RemoveLoginView {
  readonly account: Account
  readonly version: string
  readonly login: LoginRow
  /** When the login was entered that the operator has seen, as the form carries it. */
  readonly entered: string
  readonly reason: string
  readonly now: number
  readonly problem: string | null
}

function RemoveLoginPage({ frame, view }: { frame: ConsoleFrame; view: RemoveLoginView }) {
  const { account, login, problem } = view
  const { logins: say, action } = frame.say
  return (
    <Sheet frame={frame} title={say.removeTitle({ name: account.displayName })} at="people" narrow>
      <p class="soft">
        <Said text={action.who({ name: account.displayName, user: account.name })} />
      </p>
      <LoginFacts frame={frame} login={login} now={view.now} />
      <p>{login.title === null ? say.leadLeft : say.lead}</p>
      <form class="fields" method="post" action={loginPath(account.id)}>
        <Token frame={frame.frame} />
        <input type="hidden" name="version" value={view.version} />
        <input type="hidden" name="app" value={login.app} />
        <input type="hidden" name="entered" value={view.entered} />
        {problem !== null && (
          <Notice id="problem" alert>
            {problem}
          </Notice>
        )}
        <Reason frame={frame} value={view.reason} reasons={say.reasons} isRead={false} hasProblem={problem !== null} />
        <button type="submit" class="ends">
          {say.submit}
        </button>
      </form>
      <p>
        <a href={`${base}/people/${account.id}`}>{action.cancel}</a>
      </p>
    </Sheet>
  )
}

export function registerLogins(scope: PageScope, options: ConsoleOptions): void {
  const path = loginPath(':id')

  scope.get(path, { config: { requires: 'console' } }, async request => {
    const page = consolePage(request)
    const app = new URLSearchParams(page.request.exchange.target.query).get('app') ?? ''
    return show(page, await accountOf(page, options.accounts), app, 200, null)
  })

  scope.post(path, { config: { requires: 'console' } }, async request => {
    const page = consolePage(request)
    const form = requireForm(page)
    const account = await accountOf(page, options.accounts)
    const app = form.field('app')
    const again = (problem: string) => show(page, account, app, 403, problem, form)
    const reason = readReason(form.field('reason'))
    if ('rule' in reason) return again(page.words.action.reasonMissing)
    const seen: Seen = { id: account.id, version: form.field('version') }
    const login = { app, storedAt: timeIn(form.field('entered')) }
    const outcome = await options.actions.forgetLogin(actingOf(page, reason.value), seen, login)
    if (outcome.kind === 'refused' && outcome.why === 'gone') throw new GateError('not_found')
    if (outcome.kind === 'refused' && outcome.why === 'changed') return again(page.words.logins.changed)
    if (outcome.kind === 'refused') return again(page.words.action.refused[outcome.why])
    noteDone(page, { action: 'login', id: account.id, name: account.displayName, ended: 0 })
    return goTo(page, `${base}/people/${account.id}`)
  })

  async function show(
    page: ConsolePage,
    account: Account,
    app: string,
    status: number,
    problem: string | null,
    form?: Form
  ): Promise<FastifyReply> {
    if (!mayDo(page.role, 'revoke', account)) throw new GateError('not_allowed')
    const login = (await loginRows(options.logins, account.id)).find(each => each.app === app)
    if (login === undefined) throw new GateError('not_found')
    const view: RemoveLoginView = {
      account,
      version: form?.field('version') ?? versionOf(account),
      login,
      entered: form?.field('entered') ?? String(login.storedAt ?? ''),
      reason: form?.field('reason') ?? '',
      now: page.now,
      problem
    }
    return sendPage(page, status, <RemoveLoginPage frame={consoleFrame(page)} view={view} />)
  }
}

/** Null for the empty text, which stands for a login that cannot be opened. */
function timeIn(text: string): number | null {
  return text === '' ? null : Number(text)
}
