/** How careful the gate is now, and who has set it so. */
import type { PostureView } from '../../../src/administration/watch/posture-view.ts'
import { utcMinute } from '../../../src/messages/utc-minute.ts'
import type { Setting } from '../../../src/posture/posture.ts'
import { Notice, Said } from '../../portal/layout.tsx'
import { formatRelative } from '../../portal/relative-time.ts'
import type { ConsoleFrame } from '../console-page.ts'
import { posturePath } from '../layout.tsx'

export function PostureSection({ frame, view, now }: { frame: ConsoleFrame; view: PostureView | null; now: number }) {
  const say = frame.say.watch.posture
  const change = (
    <a class="screen" href={posturePath}>
      {say.change}
    </a>
  )
  if (view === null)
    return (
      <Notice alert>
        {say.unknown} {change}
      </Notice>
    )
  const { all, apps } = view
  if (all === null && apps.length === 0)
    return (
      <p>
        {say.normal} {change}
      </p>
    )
  return (
    <section aria-labelledby="posture">
      <h2 id="posture">{say.title}</h2>
      {all !== null && <Line frame={frame} app={null} setting={all} now={now} />}
      {apps.map(({ app, setting }) => (
        <Line key={app} frame={frame} app={app} setting={setting} now={now} />
      ))}
      <p>{change}</p>
    </section>
  )
}

interface LineProps {
  frame: ConsoleFrame
  app: string | null
  setting: Setting
  now: number
}

function Line({ frame: { frame, say }, app, setting: { level, why, by, at, until }, now }: LineProps) {
  const words = say.watch.posture
  const where = app === null ? 'all' : 'other'
  const set = { by, when: formatRelative(at, now, frame.say), why }
  return (
    <p>
      <strong>
        <Said text={words.what({ level: level === 'lockdown' ? level : 'other', where, app: app ?? '' })} />
      </strong>
      <br />
      <Said text={until === null ? words.open(set) : words.until({ ...set, until: utcMinute(until) })} />
    </p>
  )
}
