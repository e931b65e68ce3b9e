/** What is new in apps: the section of the watch page. */
import type { AppState } from '../../../src/administration/app-changes.ts'
import { utcMinute } from '../../../src/messages/utc-minute.ts'
import { Said } from '../../portal/layout.tsx'
import { formatRelative } from '../../portal/relative-time.ts'
import type { ConsoleFrame } from '../console-page.ts'
import { approvePath, changingPath } from './app-forms.tsx'

export function AppChangesSection({
  frame,
  states,
  now
}: {
  frame: ConsoleFrame
  states: readonly AppState[]
  now: number
}) {
  const say = frame.say.watch.apps
  return (
    <section aria-labelledby="apps">
      <h2 id="apps">{say.title}</h2>
      <p class="soft">{say.lead}</p>
      {states.map(state => (
        <AppChange key={state.app} frame={frame} state={state} now={now} />
      ))}
    </section>
  )
}

function AppChange({ frame, state, now }: { frame: ConsoleFrame; state: AppState; now: number }) {
  const say = frame.say.watch.apps
  const words = frame.frame.say
  const { app, findings, changing, since, pages, full } = state
  const query = (more: Record<string, string> = {}) => new URLSearchParams({ app, ...more })
  const when = (at: number) => formatRelative(at, now, words)
  return (
    <div class="budget">
      <h3>{app}</h3>
      {changing !== null && (
        <p>
          <Said text={say.changing({ until: utcMinute(changing.until), why: changing.why, by: changing.by })} />{' '}
          <a class="screen" href={`${changingPath}?${query({ end: '1' })}`}>
            {say.end}
          </a>
        </p>
      )}
      {full.map(sentence => (
        <p key={sentence}>
          <strong>
            <Said text={sentence} />
          </strong>
        </p>
      ))}
      {findings.length === 0 && since !== null && <p>{say.nothing({ pages, date: words.formats.date(since) })}</p>}
      {findings.length > 0 && (
        <ul class="list">
          {findings.map(({ id, severity, why, at, lastAt }) => (
            <li key={id}>
              <p>
                <strong>{say.severity[severity]}</strong>: <Said text={why} />
              </p>
              <p class="soft">{say.seen({ first: when(at), last: when(lastAt) })}</p>
              <p class="acts screen">
                <a href={`${approvePath}?${query({ finding: id })}`}>{say.approve}</a>
              </p>
            </li>
          ))}
        </ul>
      )}
      {findings.length > 1 && (
        <p class="screen">
          <a href={`${approvePath}?${query({ all: '1' })}`}>{say.approveAll({ count: findings.length })}</a>
        </p>
      )}
      {changing === null && (
        <p class="screen">
          <a href={`${changingPath}?${query()}`}>{say.announce}</a>
        </p>
      )}
    </div>
  )
}
