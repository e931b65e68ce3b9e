/** A person's logins at apps in the console: the list on the person's page, and the form that removes one. Neither shows what is in a login. */
import type { KeptLogin } from '../../src/upstream-login/upstream-logins.ts'
import { formatRelative } from '../portal/relative-time.ts'
import type { ConsoleFrame } from './console-page.ts'
import { endingPath, registerEnding } from './ending.tsx'
import type { ConsoleOptions, LoginsAtApps } from './options.ts'
import type { PageScope } from './page-scope.ts'

export interface LoginRow extends KeptLogin {
  /** Null for an app that is gone, or that takes no logins any more. */
  readonly title: string | null
}

const address = { name: 'login', field: 'app' } as const

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
                <a class="ends" href={endingPath(address, accountId, login.app)}>
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

export function registerLogins(scope: PageScope, options: ConsoleOptions): void {
  const { logins, actions } = options
  registerEnding<LoginRow>(scope, options, {
    ...address,
    words: ({ logins: { removeTitle, submit, reasons, changed } }) => ({
      title: removeTitle,
      submit,
      reasons,
      changed
    }),
    find: async (accountId, app) => (await loginRows(logins, accountId)).find(each => each.app === app),
    hidden: ({ version }) => ({ entered: version }),
    facts: (frame, login, now) => <LoginFacts frame={frame} login={login} now={now} />,
    lead: ({ logins: say }, { title }) => (title === null ? say.leadLeft : say.lead),
    end: (by, seen, app, form) => actions.forgetLogin(by, seen, { app, version: form.field('entered') })
  })
}
