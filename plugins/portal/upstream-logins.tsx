/** The pages of a person's own logins at apps that know only user name and password. They never show a login. */
import type { FastifyInstance } from 'fastify'
import { GateError } from '../../src/errors.ts'
import { maxLengths, type TypedField } from '../../src/upstream-login/credentials.ts'
import type { ListedLogin } from '../../src/upstream-login/upstream-logins.ts'
import { loginPage } from '../login-challenge.ts'
import { doneSentence, type Flash, setFlash, takeFlash } from './flash.ts'
import { requireForm } from './forms.ts'
import { FormProblem, type Frame, Notice, Page, Said, Token } from './layout.tsx'
import type { AppCard } from './options.ts'
import { type AuthenticatedContext, callerOf, frameOf, goTo, sendPage, signedPage } from './page-context.ts'
import { passwordAid } from './password-aid.ts'
import { formatRelative } from './relative-time.ts'
import { withReturnTo } from './return-to.ts'

const path = '/.factorgate/account/logins'
const pathOf = (appId: string) => `/.factorgate/${loginPage(appId)}`

interface LoginRow {
  readonly id: string
  readonly title: string
  /** False for an app that is gone, or closed to the person. */
  readonly isOpen: boolean
  readonly login: ListedLogin | null
}

interface LoginsView {
  readonly rows: readonly LoginRow[]
  readonly done: Flash | null
  readonly now: number
}

export function LoginsPage({ frame, view }: { frame: Frame; view: LoginsView }) {
  const say = frame.say.logins
  return (
    <Page frame={frame} title={say.title} drawing="key" wide>
      {view.done !== null && <Notice>{doneSentence(view.done, frame.say)}</Notice>}
      <p>{say.lead}</p>
      {view.rows.length === 0 ? (
        <p>{say.none}</p>
      ) : (
        <ul class="list">
          {view.rows.map(row => (
            <Row key={row.id} frame={frame} row={row} now={view.now} />
          ))}
        </ul>
      )}
      <p>
        <a href="/.factorgate/account">{frame.say.notMe.account}</a>
      </p>
    </Page>
  )
}

function Row({ frame, row: { id, title: app, isOpen, login }, now }: { frame: Frame; row: LoginRow; now: number }) {
  const say = frame.say.logins
  const when = (at: number) => formatRelative(at, now, frame.say)
  const state =
    login === null
      ? say.missing
      : login.refusedAt === null
        ? say.stored({ when: when(login.storedAt) })
        : say.refused({ app, when: when(login.refusedAt) })
  return (
    <li>
      <h2 id={`app-${id}`} dir="auto">
        {app}
      </h2>
      <p class="soft">
        <Said text={state} />
      </p>
      <div class="acts">
        {isOpen && (
          <a href={pathOf(id)} id={`enter-${id}`} aria-labelledby={`enter-${id} app-${id}`}>
            {login === null ? say.enter : say.replace}
          </a>
        )}
        {login !== null && (
          <form method="post" action={`${pathOf(id)}/remove`}>
            <Token frame={frame} />
            <button type="submit" class="plain grave" id={`remove-${id}`} aria-labelledby={`remove-${id} app-${id}`}>
              {say.remove}
            </button>
          </form>
        )}
      </div>
    </li>
  )
}

interface LoginFormView {
  readonly app: Pick<AppCard, 'id' | 'title'>
  readonly login: Omit<ListedLogin, 'app'> | null
  readonly problem: TypedField | null
  readonly now: number
}

export function LoginFormPage({ frame, view: { app, login, problem, now } }: { frame: Frame; view: LoginFormView }) {
  const say = frame.say.logins
  const title = app.title
  const when = login === null ? '' : formatRelative(login.storedAt, now, frame.say)
  const isRefused = login !== null && login.refusedAt !== null
  const about = (field: TypedField, hint?: string) => ({
    'aria-invalid': problem === field ? ('true' as const) : undefined,
    'aria-describedby': problem === field ? 'problem' : hint
  })
  return (
    <Page frame={frame} title={say.formTitle({ app: title })} drawing="key">
      {isRefused && problem === null && (
        <Notice alert>
          <Said text={say.formRefused({ app: title, when })} />
        </Notice>
      )}
      {!isRefused && (
        <p>
          <Said text={say.formLead({ app: title })} /> {login !== null && say.formStored({ when })}
        </p>
      )}
      <form
        class="fields"
        method="post"
        action={withReturnTo(pathOf(app.id), frame.returnTo ?? { rd: null, state: null })}
      >
        <Token frame={frame} />
        <FormProblem text={problem === null ? null : say.wrong[problem]} />
        {/* A browser must not fill in the password of the gate, which the app would get. */}
        <div>
          <label for="user">
            <Said text={say.user({ app: title })} />
          </label>
          <input
            id="user"
            name="user"
            autocomplete="off"
            autocapitalize="none"
            spellcheck={false}
            dir="auto"
            maxLength={maxLengths.user}
            required
            autofocus={problem !== 'password'}
            {...about('user')}
          />
        </div>
        <div>
          <label for="password">
            <Said text={say.password({ app: title })} />
          </label>
          <p class="soft" id="password-hint">
            {say.notHere}
          </p>
          <input
            id="password"
            name="password"
            type="password"
            autocomplete="new-password"
            maxLength={maxLengths.password}
            autofocus={problem === 'password'}
            {...passwordAid(frame.say)}
            {...about('password', 'password-hint')}
          />
        </div>
        <button type="submit">{say.submit}</button>
      </form>
      <p>
        <a href={path}>{say.back}</a>
      </p>
    </Page>
  )
}

export function registerUpstreamLogins(scope: FastifyInstance): void {
  const { portal } = scope
  const access = portal.signIn.upstreamLoginAccess

  const appsOf = async (page: AuthenticatedContext): Promise<AppCard[]> => {
    const cards = await portal.routes.appsFor(page.principal, page.address)
    return cards.filter(({ takesLogin }) => takesLogin === true)
  }
  const appNamed = async (page: AuthenticatedContext): Promise<AppCard> => {
    const app = (await appsOf(page)).find(({ id }) => id === idIn(page))
    if (app === undefined) throw new GateError('not_found')
    return app
  }
  const loginAt = async (page: AuthenticatedContext, appId: string) =>
    (await access.list(callerOf(page))).find(({ app }) => app === appId) ?? null

  scope.get(path, { config: { requires: 'signed-in' } }, async request => {
    const page = signedPage(request)
    const [logins, apps] = await Promise.all([access.list(callerOf(page)), appsOf(page)])
    const open = apps.map(({ id, title }) => ({
      id,
      title,
      isOpen: true,
      login: logins.find(({ app }) => app === id) ?? null
    }))
    const left = logins.filter(({ app }) => !apps.some(({ id }) => id === app))
    const rows = [...open, ...left.map(login => ({ id: login.app, title: login.app, isOpen: false, login }))]
    return sendPage(
      page,
      200,
      <LoginsPage frame={frameOf(page)} view={{ rows, done: takeFlash(page), now: page.now }} />
    )
  })

  scope.get(`${path}/:app`, { config: { requires: 'fresh-anywhere' } }, async request => {
    const page = signedPage(request)
    return show(page, 200, await appNamed(page), null)
  })

  scope.post(`${path}/:app`, { config: { requires: 'fresh-anywhere' } }, async request => {
    const page = signedPage(request)
    const form = requireForm(page)
    const app = await appNamed(page)
    const typed = { user: form.field('user'), password: form.field('password') }
    const wrong = await access.store(callerOf(page), app.id, typed)
    if (wrong !== null) return show(page, 403, app, wrong)
    const { rd } = page.returnTo
    if (rd !== null) return goTo(page, isIn(rd, app) ? rd : app.url)
    setFlash(page, { kind: 'login-stored', name: app.title })
    return goTo(page, path)
  })

  scope.post(`${path}/:app/remove`, { config: { requires: 'signed-in' } }, async request => {
    const page = signedPage(request)
    requireForm(page)
    const appId = idIn(page)
    if (!(await access.remove(callerOf(page), appId))) throw new GateError('not_found')
    const title = (await appsOf(page)).find(({ id }) => id === appId)?.title ?? appId
    setFlash(page, { kind: 'login-removed', name: title })
    return goTo(page, path)
  })

  async function show(page: AuthenticatedContext, status: number, app: AppCard, problem: TypedField | null) {
    const view = { app, login: await loginAt(page, app.id), problem, now: page.now }
    return sendPage(page, status, <LoginFormPage frame={frameOf(page)} view={view} />)
  }
}

function idIn({ request }: AuthenticatedContext): string {
  return (request.params as { app: string }).app
}

/** True for an address of the app itself. */
function isIn(rd: string, app: AppCard): boolean {
  return new URL(rd).origin === new URL(app.url).origin
}
