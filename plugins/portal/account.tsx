/** The account page: a person's factors and sign-ins, with links to their changes. */
import type { FastifyInstance } from 'fastify'
import type { Credential } from '../../src/factor/credential.ts'
import type { PasskeySignals } from '../../src/factor/passkey-signals.ts'
import type { Misfit } from '../../src/factor/webauthn-policy.ts'
import type { Session } from '../../src/session/session.ts'
import { doneSentence, type Flash, takeFlash } from './flash.ts'
import { type Frame, Notice, Page, plain, Said, Token } from './layout.tsx'
import { type AuthenticatedContext, frameOf, sendPage, signedPage } from './page-context.ts'
import { SpentNotice } from './recovery.tsx'
import { formatRelative } from './relative-time.ts'
import { withReturnTo } from './return-to.ts'
import { EndOthers, SessionsSection, type SessionsView } from './session-cards.tsx'

export interface AccountView extends SessionsView {
  readonly credentials: readonly Credential[]
  /** Why the policy refuses it, by credential id. */
  readonly misfits?: ReadonlyMap<string, Misfit>
  readonly codes: { readonly total: number; readonly remaining: number; readonly createdAt: number } | null
  readonly done: Flash | null
  readonly problem: string | null
  readonly hasPassword: boolean
  /** Null for local people. */
  readonly institution: string | null
  /** Set after a recovery code in this session. */
  readonly codesLeft: number | null
  readonly takesTokens?: boolean
  /** True if some app gets people's own logins. */
  readonly takesLogins?: boolean
  /** So that the browser offers no removed passkeys. */
  readonly signals: PasskeySignals
  readonly address: string
}

export function AccountPage({ frame, view }: { frame: Frame; view: AccountView }) {
  const say = frame.say.account
  const others = view.sessions.filter(({ session }) => session.id !== view.thisSession)
  const offersEnd = others.length > 0 && (view.done?.kind === 'added' || view.done?.kind === 'removed')
  return (
    <Page frame={frame} title={say.title} drawing="open" wide>
      {view.done !== null && <Notice>{doneSentence(view.done, frame.say)}</Notice>}
      {offersEnd && (
        <>
          <p>{say.othersOffer}</p>
          <EndOthers frame={frame} />
        </>
      )}
      {view.codesLeft !== null && (
        <SpentNotice frame={frame} view={{ left: view.codesLeft, address: view.address, isAccount: true }} />
      )}
      {view.problem !== null && <Notice alert>{view.problem}</Notice>}
      <section aria-labelledby="factors">
        <h2 id="factors">{say.factors}</h2>
        {view.institution !== null && <p>{say.institution({ title: view.institution })}</p>}
        <ul class="list" data-passkeys={JSON.stringify(view.signals)}>
          {view.credentials.map(credential => (
            <FactorRow
              key={credential.id}
              frame={frame}
              credential={credential}
              misfit={view.misfits?.get(credential.id) ?? null}
              now={view.now}
            />
          ))}
        </ul>
        <p>
          <a href="/.factorgate/enrol">{view.credentials.length === 0 ? say.addFirst : say.add}</a>
        </p>
      </section>
      <section aria-labelledby="codes">
        <h2 id="codes">{say.codes}</h2>
        <p>
          {view.codes === null
            ? say.codesNone
            : say.codesLeft({
                left: view.codes.remaining,
                total: view.codes.total,
                when: formatRelative(view.codes.createdAt, view.now, frame.say)
              })}
        </p>
        <p>
          <a href={withReturnTo('/.factorgate/enrol/recovery', { rd: view.address, state: null })}>{say.codesNew}</a>
        </p>
      </section>
      {view.hasPassword && (
        <section aria-labelledby="password">
          <h2 id="password">{say.password}</h2>
          <p>
            <a href="/.factorgate/account/password">{say.passwordChange}</a>
          </p>
        </section>
      )}
      {view.takesTokens === true && (
        <p>
          <a href="/.factorgate/account/programs">{frame.say.programs.title}</a>
        </p>
      )}
      {view.takesLogins === true && (
        <p>
          <a href="/.factorgate/account/logins">{frame.say.logins.title}</a>
        </p>
      )}
      <SessionsSection frame={frame} view={view} endsOthers={others.length > 0 && !offersEnd} />
    </Page>
  )
}

interface FactorRowProps {
  frame: Frame
  credential: Credential
  misfit: Misfit | null
  now: number
}

function FactorRow({ frame, credential, misfit, now }: FactorRowProps) {
  const say = frame.say.account
  const { id, kind, name, createdAt, lastUsedAt, lastUsedFrom, disabledAt } = credential
  const path = `/.factorgate/account/factors/${id}`
  const when = lastUsedAt === null ? null : formatRelative(lastUsedAt, now, frame.say)
  const facts = {
    kind: frame.say.factor.name[kind],
    added: say.added({ when: formatRelative(createdAt, now, frame.say) }),
    used:
      when === null
        ? say.unused
        : lastUsedFrom === null
          ? say.used({ when })
          : say.usedFrom({ when, address: lastUsedFrom })
  }
  return (
    <li>
      <h3 dir="auto">{name}</h3>
      <p class="soft">{say.facts(facts)}</p>
      {disabledAt !== null && <p>{say.disabled}</p>}
      {misfit !== null && <p>{say.misfit({ why: frame.say.factor.misfit[misfit] })}</p>}
      <div class="acts">
        <details>
          <summary aria-label={plain(say.renameNamed({ name }))}>{say.rename}</summary>
          <form class="fields" method="post" action={`${path}/rename`}>
            <Token frame={frame} />
            <div>
              <label for={`name-${id}`}>
                <Said text={say.newName({ name })} />
              </label>
              <input id={`name-${id}`} name="name" value={name} dir="auto" maxLength={64} autocomplete="off" required />
            </div>
            <button type="submit" class="second">
              {say.renameSubmit}
            </button>
          </form>
        </details>
        <a class="grave" href={`${path}/remove`} aria-label={plain(say.removeNamed({ name }))}>
          {say.remove}
        </a>
      </div>
    </li>
  )
}

export async function showAccount(page: AuthenticatedContext, status: number, problem: string | null) {
  const { portal, principal } = page
  const { credentials, recoveryCodes, sessions, webauthn } = portal.services
  const { id } = principal.account
  const [enrolled, codes, live, codesLeft, signals] = await Promise.all([
    credentials.list(id),
    recoveryCodes.status(id),
    sessions.list(id),
    portal.signIn.recovery.leftAfterSpending(principal),
    webauthn.signalsFor(principal.account)
  ])
  const view: AccountView = {
    credentials: [...enrolled].sort((a, b) => (b.lastUsedAt ?? b.createdAt) - (a.lastUsedAt ?? a.createdAt)),
    misfits: new Map(
      enrolled.flatMap(credential => {
        const misfit = webauthn.misfitOf(credential)
        return misfit === null ? [] : [[credential.id, misfit]]
      })
    ),
    codes,
    sessions: [...live].sort((a, b) => Number(isOf(b, principal.session)) - Number(isOf(a, principal.session))),
    thisSession: principal.session.id,
    now: page.now,
    done: problem === null ? takeFlash(page) : null,
    hasPassword: principal.account.directory === portal.services.localDirectory.id,
    institution:
      principal.account.directory === portal.services.localDirectory.id
        ? null
        : portal.directories.titleOf(principal.account.directory),
    codesLeft,
    signals,
    takesTokens: portal.takesTokens === true,
    takesLogins: portal.takesLogins === true,
    problem,
    address: `${portal.portalOrigin}/.factorgate/account`
  }
  return sendPage(page, status, <AccountPage frame={frameOf(page)} view={view} />)
}

const isOf = (entry: { session: Session }, session: Session) => entry.session.id === session.id

export function registerAccount(scope: FastifyInstance): void {
  scope.get('/.factorgate/account', { config: { requires: 'signed-in' } }, async request =>
    showAccount(signedPage(request), 200, null)
  )
}
