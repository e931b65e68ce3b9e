/** Where a person is signed in, on the account page: a card for each sign-in, and one line for those that stopped before the second factor. */
import { isFullySignedIn } from '../../src/factor/proof.ts'
import { boundSince, type Session } from '../../src/session/session.ts'
import { browserName, systemName } from './device-name.ts'
import { type Frame, Token } from './layout.tsx'
import { formatRelative } from './relative-time.ts'

export interface SessionsView {
  readonly sessions: readonly { readonly session: Session; readonly lastSeenAt: number }[]
  readonly thisSession: string
  readonly now: number
}

interface SectionProps {
  frame: Frame
  view: SessionsView
  /** False where the top of the page offers it. */
  endsOthers: boolean
}

export function SessionsSection({ frame, view, endsOthers }: SectionProps) {
  const say = frame.say.account
  const isWhole = ({ session }: Entry) => session.id === view.thisSession || isFullySignedIn(session.proofs)
  const unfinished = view.sessions.filter(entry => !isWhole(entry))
  return (
    <section aria-labelledby="sessions">
      <h2 id="sessions">{say.sessions}</h2>
      {endsOthers && <EndOthers frame={frame} />}
      <ul class="cards">
        {view.sessions.filter(isWhole).map(entry => (
          <SessionCard key={entry.session.id} frame={frame} view={view} entry={entry} />
        ))}
      </ul>
      {unfinished.length > 0 && (
        <details>
          <summary>{say.unfinished({ count: unfinished.length })}</summary>
          <p class="soft">{say.half}</p>
          <ul class="cards">
            {unfinished.map(entry => (
              <SessionCard key={entry.session.id} frame={frame} view={view} entry={entry} />
            ))}
          </ul>
        </details>
      )}
    </section>
  )
}

export function EndOthers({ frame }: { frame: Frame }) {
  return (
    <form class="acts" method="post" action="/.factorgate/account/sessions/others/end">
      <Token frame={frame} />
      <button type="submit" class="grave">
        {frame.say.account.endOthers}
      </button>
    </form>
  )
}

type Entry = SessionsView['sessions'][number]

const phones = ['iPhone', 'iPad', 'Android']

function SessionCard({
  frame,
  view,
  entry: { session, lastSeenAt }
}: {
  frame: Frame
  view: SessionsView
  entry: Entry
}) {
  const say = frame.say.account
  const isThis = session.id === view.thisSession
  const boundAt = boundSince(session)
  const sentence = say.session({
    browser: browserName(session.device.userAgent, frame.say),
    where: isThis ? say.thisDevice : session.device.address,
    when: formatRelative(isThis ? view.now : lastSeenAt, view.now, frame.say)
  })
  return (
    <li
      class={phones.includes(systemName(session.device.userAgent) ?? '') ? 'phone' : undefined}
      aria-current={isThis ? 'true' : undefined}
    >
      <p>{sentence}</p>
      {boundAt !== null && <p class="soft">{say.bound({ date: frame.say.formats.date(boundAt) })}</p>}
      <form class="acts" method="post" action={`/.factorgate/account/sessions/${session.id}/end`}>
        <Token frame={frame} />
        <button type="submit" class="plain" aria-label={say.endNamed({ what: sentence })}>
          {say.end}
        </button>
        {!isThis && (
          <button
            type="submit"
            class="plain grave"
            name="stranger"
            value="yes"
            aria-label={say.notMeNamed({ what: sentence })}
          >
            {say.notMe}
          </button>
        )}
      </form>
    </li>
  )
}
