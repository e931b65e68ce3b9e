/** The pages of a person's tokens for programs. A new token is shown once. */
import type { FastifyInstance } from 'fastify'
import { GateError } from '../../src/errors.ts'
import type { ProgramToken } from '../../src/programs/program-token.ts'
import type { ListedToken } from '../../src/programs/program-tokens.ts'
import { readToken, type TypedField, type TypedToken } from '../../src/programs/token-input.ts'
import { setFlash, takeFlash } from './flash.ts'
import { type Form, requireForm } from './forms.ts'
import { FormProblem, type Frame, Notice, Page, plain, Said, Token } from './layout.tsx'
import type { AppCard } from './options.ts'
import { type AuthenticatedContext, callerOf, frameOf, goTo, sendPage, signedPage } from './page-context.ts'
import { ProgramUse } from './program-use.tsx'
import { formatRelative } from './relative-time.ts'
import { dropSealed, keepSealed, readSealed } from './sealed-cookie.ts'

const path = '/.factorgate/account/programs'

interface ProgramsView {
  readonly tokens: readonly ListedToken[]
  /** They take tokens, and the person may open them. */
  readonly apps: readonly AppCard[]
  readonly user: string
  readonly now: number
  /** The name of the token that was just revoked. */
  readonly revoked: string | null
}

export function ProgramsPage({ frame, view }: { frame: Frame; view: ProgramsView }) {
  const say = frame.say.programs
  const { tokens, apps, user } = view
  return (
    <Page frame={frame} title={say.title} drawing="key" wide>
      {view.revoked !== null && <Notice>{say.revoked({ name: view.revoked })}</Notice>}
      <p>{say.lead}</p>
      {tokens.length === 0 ? (
        <p>{say.none}</p>
      ) : (
        <ul class="list">
          {tokens.map(each => (
            <TokenRow key={each.token.id} frame={frame} view={view} each={each} />
          ))}
        </ul>
      )}
      {apps.length === 0 && <p>{say.noApps}</p>}
      {apps.map(app => (
        <section key={app.id} aria-labelledby={`app-${app.id}`}>
          <h2 id={`app-${app.id}`} dir="auto">
            {app.title}
          </h2>
          <p>
            <a href={`${path}/new?app=${app.id}`} aria-label={plain(say.makeFor({ app: app.title }))}>
              {say.make}
            </a>
          </p>
          <details>
            <summary>{say.use}</summary>
            <ProgramUse frame={frame} app={app} user={user} />
          </details>
        </section>
      ))}
      <p>
        <a href="/.factorgate/account">{frame.say.notMe.account}</a>
      </p>
    </Page>
  )
}

function TokenRow({ frame, view, each: { token, lastUse } }: { frame: Frame; view: ProgramsView; each: ListedToken }) {
  const say = frame.say.programs
  const when = (at: number) => formatRelative(at, view.now, frame.say)
  const app = view.apps.find(({ id }) => id === token.app)?.title ?? token.app
  const limits = limitsOf(token)
  const ends = frame.say.formats.date(token.expiresAt)
  return (
    <li>
      <h2 dir="auto">{token.name}</h2>
      <p class="soft">
        <Said text={token.expiresAt > view.now ? say.until({ app, date: ends }) : say.ended({ app, date: ends })} />{' '}
        {lastUse === null ? say.unused : say.used({ when: when(lastUse.at), address: lastUse.address })}
        {token.by !== null && ` ${say.byOperator}`}
      </p>
      {limits !== '' && (
        <p class="soft">
          <code dir="ltr">{limits}</code>
        </p>
      )}
      <form class="acts" method="post" action={`${path}/${token.id}/revoke`}>
        <Token frame={frame} />
        <button type="submit" class="plain grave" aria-label={plain(say.revokeNamed({ name: token.name }))}>
          {say.revoke}
        </button>
      </form>
    </li>
  )
}

/** As the owner typed them. */
function limitsOf({ methods, paths, networks, bytes }: ProgramToken): string {
  const size = bytes === null ? [] : [bytesText(bytes)]
  return [...(methods ?? []), ...(paths ?? []), ...(networks ?? []), ...size].join(' ')
}

function bytesText(bytes: number): string {
  const unit = ['B', 'KiB', 'MiB', 'GiB', 'TiB'].find((_, i) => bytes < 1024 ** (i + 1)) ?? 'TiB'
  const size = 1024 ** ['B', 'KiB', 'MiB', 'GiB', 'TiB'].indexOf(unit)
  return `${Math.round((10 * bytes) / size) / 10}${unit}`
}

interface NewProgramView {
  readonly app: AppCard
  readonly typed: TypedToken
  readonly problem: { readonly field: TypedField | 'too_many'; readonly sentence: string } | null
}

export function NewProgramPage({ frame, view }: { frame: Frame; view: NewProgramView }) {
  const say = frame.say.programs
  const { app, typed, problem } = view
  const field = (name: TypedField, label: string, hint: string | null, more: object = {}) => (
    <div>
      <label for={name}>{label}</label>
      {hint !== null && (
        <p class="soft" id={`${name}-hint`}>
          {hint}
        </p>
      )}
      <input
        id={name}
        name={name}
        value={typed[name]}
        autocomplete="off"
        autofocus={problem?.field === name}
        aria-invalid={problem?.field === name ? 'true' : undefined}
        aria-describedby={problem?.field === name ? 'problem' : hint === null ? undefined : `${name}-hint`}
        {...more}
      />
    </div>
  )
  return (
    <Page frame={frame} title={say.newTitle({ app: app.title })} drawing="key">
      <p>{say.newLead}</p>
      {/* The address of the page too: a form whose proof is too old leads back to the same app. */}
      <form class="fields" method="post" action={`${path}/new?${new URLSearchParams({ app: app.id })}`}>
        <Token frame={frame} />
        <input type="hidden" name="app" value={app.id} />
        <FormProblem text={problem?.sentence ?? null} takesFocus={problem?.field === 'too_many'} />
        {field('name', say.name, say.nameHint, { dir: 'auto', maxLength: 64, required: true })}
        {field('days', say.days, null, { inputMode: 'numeric', maxLength: 3, required: true })}
        <label class="check">
          <input type="checkbox" name="reads" value="yes" checked={typed.readsOnly} />
          <span>{say.reads}</span>
        </label>
        <details open={problem !== null}>
          <summary>{say.more}</summary>
          <div class="fields">
            {field('paths', say.paths, say.pathsHint, { dir: 'ltr' })}
            {field('networks', say.networks, say.networksHint, { dir: 'ltr' })}
            {field('bytes', say.bytes, say.bytesHint, { dir: 'ltr' })}
          </div>
        </details>
        <button type="submit">{say.submit}</button>
      </form>
      <p>
        <a href={path}>{say.back}</a>
      </p>
    </Page>
  )
}

interface MadeProgramView {
  readonly text: string
  readonly app: AppCard
  readonly user: string
}

export function MadeProgramPage({ frame, view: { text, app, user } }: { frame: Frame; view: MadeProgramView }) {
  const say = frame.say.programs
  return (
    <Page frame={frame} title={say.madeTitle({ app: app.title })} drawing="key" wide>
      <p>{say.madeLead}</p>
      <div class="fields">
        <code class="secret" id="program-token">
          {text}
        </code>
        <button type="button" class="second scripted" data-copy="" data-copied={frame.say.recovery.copied}>
          {frame.say.recovery.copy}
        </button>
      </div>
      <h2>{say.use}</h2>
      <ProgramUse frame={frame} app={app} user={user} />
      <p>{say.lost}</p>
      <p>
        <a href={path}>{say.back}</a>
      </p>
    </Page>
  )
}

const blank: TypedToken = { name: '', days: '90', paths: '', networks: '', bytes: '', readsOnly: true }

interface Kept {
  readonly text: string
  readonly app: string
  readonly until: number
}

/** How long the page with the token can be loaded again, in milliseconds. */
const shownMs = 5 * 60_000

export function registerPrograms(scope: FastifyInstance): void {
  const { portal } = scope
  const { programAccess } = portal.signIn

  const appsOf = async (page: AuthenticatedContext): Promise<AppCard[]> => {
    const cards = await portal.routes.appsFor(page.principal, page.address)
    return cards.filter(({ tokens }) => tokens != null)
  }
  const appNamed = async (page: AuthenticatedContext, id: string): Promise<AppCard> => {
    const app = (await appsOf(page)).find(each => each.id === id)
    if (app === undefined) throw new GateError('not_found')
    return app
  }

  scope.get(path, { config: { requires: 'signed-in' } }, async request => {
    const page = signedPage(request)
    const [tokens, apps] = await Promise.all([programAccess.list(callerOf(page)), appsOf(page)])
    const done = takeFlash(page)
    const revoked = done?.kind === 'revoked' ? done.name : null
    const view = { tokens, apps, user: page.principal.account.name, now: page.now, revoked }
    return sendPage(page, 200, <ProgramsPage frame={frameOf(page)} view={view} />)
  })

  scope.get(`${path}/new`, { config: { requires: 'fresh-anywhere' } }, async request => {
    const page = signedPage(request)
    const { app = '' } = request.query as { app?: string }
    return show(page, 200, { app: await appNamed(page, app), typed: blank, problem: null })
  })

  scope.post(`${path}/new`, { config: { requires: 'fresh-anywhere' } }, async request => {
    const page = signedPage(request)
    const say = page.say.programs
    const form = requireForm(page)
    const app = await appNamed(page, form.field('app'))
    const typed = typedIn(form)
    const limits = readToken(typed)
    if ('wrong' in limits) {
      const problem = { field: limits.wrong, sentence: say.wrong[limits.wrong] }
      return show(page, 403, { app, typed, problem })
    }
    const made = await programAccess.issue(callerOf(page), { ...limits, app: app.id })
    if (made.kind === 'too_many')
      return show(page, 403, { app, typed, problem: { field: 'too_many', sentence: say.wrong.too_many } })
    keepSealed(page, 'program', { text: made.text, app: app.id, until: page.now + shownMs } satisfies Kept)
    return goTo(page, `${path}/made`)
  })

  scope.get(`${path}/made`, { config: { requires: 'signed-in' } }, async request => {
    const page = signedPage(request)
    const kept = readSealed<Kept>(page, 'program')
    if (kept === null || kept.until < page.now) return goTo(page, path)
    const view = { text: kept.text, app: await appNamed(page, kept.app), user: page.principal.account.name }
    return sendPage(page, 200, <MadeProgramPage frame={frameOf(page)} view={view} />)
  })

  scope.post(`${path}/:id/revoke`, { config: { requires: 'signed-in' } }, async request => {
    const page = signedPage(request)
    requireForm(page)
    const token = await programAccess.revoke(callerOf(page), (request.params as { id: string }).id)
    if (token === null) throw new GateError('not_found')
    dropSealed(page, 'program')
    setFlash(page, { kind: 'revoked', name: token.name })
    return goTo(page, path)
  })

  function show(page: AuthenticatedContext, status: number, view: NewProgramView) {
    return sendPage(page, status, <NewProgramPage frame={frameOf(page)} view={view} />)
  }
}

function typedIn(form: Form): TypedToken {
  return {
    name: form.field('name'),
    days: form.field('days'),
    paths: form.field('paths'),
    networks: form.field('networks'),
    bytes: form.field('bytes'),
    readsOnly: form.field('reads') !== ''
  }
}
