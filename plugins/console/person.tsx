/** The page of one person: account, second factors, sessions, waits, and the allowed actions. */
import type { FastifyReply } from 'fastify'
import { type Action, mayDo } from '../../src/administration/roles.ts'
import type { Credential } from '../../src/factor/credential.ts'
import type { RecoveryStatus } from '../../src/factor/recovery-code.ts'
import type { LiveSummary } from '../../src/forwarding/live-connections.ts'
import type { Account } from '../../src/identity/account.ts'
import type { WaitingInvitation } from '../../src/identity/invitations.ts'
import type { ListedToken } from '../../src/programs/program-tokens.ts'
import { boundSince, type Session } from '../../src/session/session.ts'
import type { Lock } from '../../src/throttle/attempt-locks.ts'
import { browserName } from '../portal/device-name.ts'
import { Notice, Said } from '../portal/layout.tsx'
import { said } from '../portal/messages/messages.ts'
import { sendPage } from '../portal/page-context.ts'
import { formatDuration, formatRelative, zonedTime } from '../portal/relative-time.ts'
import { formatBytes } from './amounts.ts'
import {
  accountOf,
  type ConsoleFrame,
  type ConsolePage,
  consoleFrame,
  consolePage,
  type DoneNote,
  takeDone
} from './console-page.ts'
import { base, Sheet, watchPathOf } from './layout.tsx'
import type { ConsoleOptions } from './options.ts'
import type { PageScope } from './page-scope.ts'
import { type LoginRow, LoginsSection, loginRows } from './person-logins.tsx'
import { TokensSection } from './person-tokens.tsx'

interface PersonView {
  readonly account: Account
  /** Null for local people. */
  readonly source: string | null
  readonly credentials: readonly Credential[]
  readonly codes: RecoveryStatus | null
  readonly sessions: readonly { readonly session: Session; readonly lastSeenAt: number }[]
  readonly open: ReadonlyMap<string, LiveSummary>
  readonly tokens: readonly ListedToken[]
  readonly logins: readonly LoginRow[]
  readonly locks: readonly Lock[]
  readonly invitation: WaitingInvitation | null
  /** A budget holds, slows or cuts the person. */
  readonly isHeld: boolean
  readonly isSelf: boolean
  /** The actions that the viewer may take. */
  readonly actions: readonly Action[]
  readonly now: number
  readonly done: DoneNote | null
  readonly problem: string | null
}

/** In the order of the page. */
const offered: readonly Action[] = ['invite', 'change', 'rename', 'unlock', 'revoke', 'reset', 'suspend', 'resume']
const takesAway: readonly Action[] = ['revoke', 'reset', 'suspend']

export const endSessionPath = (id: string, session: string) => `${pathOf(id, 'revoke')}?session=${session}`
export const pathOf = (id: string, action?: Action) => `${base}/people/${id}${action === undefined ? '' : `/${action}`}`

export const suspensionPathOf = (id: string) => `${base}/people/${id}/suspension`

function PersonPage({ frame, view }: { frame: ConsoleFrame; view: PersonView }) {
  const { account, now } = view
  const say = frame.say.person
  return (
    <Sheet frame={frame} title={account.displayName} at="people">
      {view.problem !== null && <Notice alert>{view.problem}</Notice>}
      {view.done !== null && <Done frame={frame} done={view.done} view={view} />}
      {view.isSelf && <p>{say.you}</p>}
      <div class="sides">
        <div>
          <Facts frame={frame} view={view} />
          <Factors frame={frame} view={view} />
          <Sessions frame={frame} view={view} />
          {view.tokens.length > 0 && (
            <TokensSection frame={frame} tokens={view.tokens} mayRevoke={view.actions.includes('revoke')} now={now} />
          )}
          {view.logins.length > 0 && (
            <LoginsSection
              frame={frame}
              accountId={account.id}
              logins={view.logins}
              mayRemove={view.actions.includes('revoke')}
              now={now}
            />
          )}
          {view.locks.length > 0 && (
            <section aria-labelledby="locks">
              <h2 id="locks">{say.locks}</h2>
              <ul class="list">
                {view.locks.map(lock => (
                  <li key={`${lock.kind} ${lock.key}`}>{lockSentence(frame, lock, now)}</li>
                ))}
              </ul>
            </section>
          )}
        </div>
        <Actions frame={frame} view={view} />
      </div>
    </Sheet>
  )
}

function Facts({ frame, view }: { frame: ConsoleFrame; view: PersonView }) {
  const { account } = view
  const say = frame.say.person
  const formerNames = (account.formerNames ?? []).filter(name => name !== account.name)
  const facts: readonly (readonly [string, string])[] = [
    [say.name, account.name],
    ...(formerNames.length === 0 ? [] : [[say.before, formerNames.join(', ')] as const]),
    [say.email, account.email ?? frame.say.frame.none],
    [say.groups, account.groups.join(', ') || frame.say.frame.none],
    [say.from, view.source ?? say.here],
    [say.added, formatRelative(account.createdAt, view.now, frame.frame.say)],
    [say.status, statusOf(frame, view)],
    ...(view.invitation === null
      ? []
      : [[say.invitation, invitationSentence(frame, view.invitation, view.now)] as const]),
    ...(account.suspended?.watchWord === undefined ? [] : [[say.watchSaid, account.suspended.watchWord.why] as const]),
    [
      say.recovery,
      view.codes === null
        ? frame.say.frame.none
        : say.codes({ remaining: String(view.codes.remaining), total: String(view.codes.total) })
    ]
  ]
  return (
    <dl>
      {facts.map(([name, value]) => (
        <>
          <dt>{name}</dt>
          <dd>
            <Said text={value} />
          </dd>
        </>
      ))}
    </dl>
  )
}

/** What the operator may do, and where to look further. */
function Actions({ frame, view }: { frame: ConsoleFrame; view: PersonView }) {
  const { account } = view
  const say = frame.say.person
  return (
    <section aria-labelledby="actions">
      <h2 id="actions">{say.actions}</h2>
      {view.actions.length === 0 && <p>{say.protected}</p>}
      <ul class="list">
        {account.suspended !== null && frame.role === 'operator' && (
          <li>
            <a href={suspensionPathOf(account.id)}>{say.evidence}</a>
          </li>
        )}
        {offered
          .filter(action => view.actions.includes(action) && isOffered(action, view))
          .map(action => (
            <li key={action}>
              <a class={takesAway.includes(action) ? 'ends' : undefined} href={pathOf(account.id, action)}>
                {linkOf(frame, action)}
              </a>
            </li>
          ))}
        {frame.role === 'operator' && (
          <li>
            <a href={watchPathOf(account.id)}>{say.watch}</a>
          </li>
        )}
        <li>
          <a href={`${base}/journal?person=${encodeURIComponent(account.name)}`}>{say.journal}</a>
        </li>
      </ul>
    </section>
  )
}

function linkOf({ say }: ConsoleFrame, action: Action): string {
  return action === 'add' || action === 'confirm' ? '' : say.action[action].link
}

function isOffered(action: Action, { account, locks, sessions, isHeld }: PersonView): boolean {
  if (action === 'suspend' || action === 'invite') return account.suspended === null
  if (action === 'resume') return account.suspended !== null || isHeld
  if (action === 'unlock') return locks.length > 0
  // Its institution names the person.
  if (action === 'rename') return account.externalId === undefined
  return action !== 'revoke' || sessions.length > 0
}

function statusOf({ frame, say }: ConsoleFrame, { account, credentials, invitation, now }: PersonView): string {
  const { suspended } = account
  if (suspended !== null)
    return say.person.suspended({ when: formatRelative(suspended.at, now, frame.say), why: suspended.why })
  const status = credentials.length === 0 ? say.people.unenrolled : say.people.fine
  return invitation !== null ? say.person.invited({ status }) : status
}

function invitationSentence({ frame, say }: ConsoleFrame, invitation: WaitingInvitation, now: number): string {
  const { madeAt, by, isAccepted } = invitation
  const until = zonedTime({ at: invitation.until, offsetMinutes: 0 }, frame.say)
  const when = formatRelative(madeAt, now, frame.say)
  const sentence =
    by === null ? say.person.invitationWaits({ until, when }) : say.person.invitationBy({ until, when, by })
  return isAccepted ? `${sentence} ${say.person.invitationUsed}` : sentence
}

function Factors({ frame: { frame, say }, view }: { frame: ConsoleFrame; view: PersonView }) {
  const when = (at: number) => formatRelative(at, view.now, frame.say)
  const usedSentence = (use: { factor: string; when: string | null; address: string | null }) => {
    const { factor, when, address } = use
    if (when === null) return say.person.unused({ factor })
    return address === null ? say.person.used({ factor, when }) : say.person.usedFrom({ factor, when, address })
  }
  return (
    <section aria-labelledby="factors">
      <h2 id="factors">{say.person.factors}</h2>
      {view.credentials.length === 0 ? (
        <p>{say.person.noFactors}</p>
      ) : (
        <ul class="list">
          {view.credentials.map(({ id, kind, name, lastUsedAt, lastUsedFrom, disabledAt }) => (
            <li key={id}>
              <p>
                <bdi>{name}</bdi>
              </p>
              <p class="soft">
                {usedSentence({
                  factor: frame.say.factor.name[kind],
                  when: lastUsedAt === null ? null : when(lastUsedAt),
                  address: lastUsedFrom
                })}
              </p>
              {disabledAt !== null && <p>{say.person.factorOff}</p>}
            </li>
          ))}
        </ul>
      )}
    </section>
  )
}

function Sessions({ frame: { frame, say }, view }: { frame: ConsoleFrame; view: PersonView }) {
  const words = frame.say
  return (
    <section aria-labelledby="sessions">
      <h2 id="sessions">{say.person.sessions}</h2>
      {view.sessions.length === 0 ? (
        <p>{say.person.noSessions}</p>
      ) : (
        <ul class="list">
          {view.sessions.map(({ session, lastSeenAt }) => {
            const live = view.open.get(session.id)
            const device = browserName(session.device.userAgent, words)
            const seen = formatRelative(lastSeenAt, view.now, words)
            const boundAt = boundSince(session)
            return (
              <li key={session.id}>
                <p>
                  <Said text={say.person.session({ device, address: session.device.address, when: seen })} />
                </p>
                {boundAt !== null && <p class="soft">{words.account.bound({ date: words.formats.date(boundAt) })}</p>}
                {live !== undefined && (
                  <p class="soft">
                    {say.person.live({
                      connections: live.connections,
                      bytes: formatBytes(live.bytes, words.entry.tag)
                    })}
                  </p>
                )}
                {view.actions.includes('revoke') && (
                  <p class="acts">
                    <a class="ends" href={endSessionPath(view.account.id, session.id)}>
                      {say.person.end}
                    </a>
                  </p>
                )}
              </li>
            )
          })}
        </ul>
      )}
    </section>
  )
}

/** The key begins with the factor. */
function lockSentence({ frame, say }: ConsoleFrame, { kind, key, failures, until }: Lock, now: number): string {
  const what = (say.person.lockOf as Readonly<Record<string, string>>)[key.split(':', 1)[0] ?? '']
  const where = say.waits.kind[kind]
  const seconds = formatDuration((until - now) / 1000, frame.say)
  return say.person.lock({ what: what === undefined ? where : `${what} (${where})`, wait: seconds, failures })
}

function Done({ frame, done, view }: { frame: ConsoleFrame; done: DoneNote; view: PersonView }) {
  const say = frame.say.action.done
  const { action, name, ended } = done
  const id = view.account.id
  // The note of another page.
  if (action === 'approve' || action === 'decline') return null
  return (
    <Notice>
      <Said text={said(say[action], { name, ended })} />{' '}
      {action === 'suspend' && <a href={pathOf(id, 'resume')}>{say.undo}</a>}
      {action === 'resume' && view.actions.includes('suspend') && <a href={pathOf(id, 'suspend')}>{say.undo}</a>}
      {action === 'reset' && view.actions.includes('invite') && <a href={pathOf(id, 'invite')}>{say.inviteNext}</a>}
    </Notice>
  )
}

/** Throws `not_found` for an unknown account. */
export async function showPerson(
  page: ConsolePage,
  options: ConsoleOptions,
  status: number,
  problem: string | null
): Promise<FastifyReply> {
  const account = await accountOf(page, options.accounts)
  const { id } = account
  const { services, directories } = page.portal
  const [credentials, codes, sessions, invitation, locks, open, tokens, logins, uses] = await Promise.all([
    services.credentials.list(id),
    services.recoveryCodes.status(id),
    services.sessions.list(id),
    services.invitations.waiting(id),
    options.locks.of(id),
    options.openConnections(),
    options.tokens.list(id),
    loginRows(options.logins, id),
    options.watch.budgets.length === 0 ? [] : options.watch.uses()
  ])
  const view: PersonView = {
    account,
    source: account.directory === services.localDirectory.id ? null : directories.titleOf(account.directory),
    credentials,
    codes,
    sessions,
    open: open.bySession,
    tokens,
    logins,
    locks,
    invitation,
    isHeld: uses.some(({ account, state }) => account === id && state !== 'within' && state !== 'passed'),
    isSelf: id === page.principal.account.id,
    actions: offered.filter(action => mayDo(page.role, action, account)),
    now: page.now,
    done: problem === null ? takeDone(page) : null,
    problem
  }
  return sendPage(page, status, <PersonPage frame={consoleFrame(page)} view={view} />)
}

export function registerPerson(scope: PageScope, options: ConsoleOptions): void {
  scope.get(`${base}/people/:id`, { config: { requires: 'console' } }, async request =>
    showPerson(consolePage(request), options, 200, null)
  )
}
