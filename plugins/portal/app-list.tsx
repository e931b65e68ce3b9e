/** The list of apps: a few by their last use; many in sections, with a filter and those used last on top. */
import type { Frame } from './layout.tsx'
import type { AppCard } from './options.ts'
import { formatRelative, zonedTime } from './relative-time.ts'

/** The smallest number of apps in sections. */
const minForSections = 9
const maxOnTop = 3

interface ListProps {
  frame: Frame
  apps: readonly AppCard[]
  now: number
}

export function AppList({ frame, apps, now }: ListProps) {
  const say = frame.say.apps
  const isLong = apps.length >= minForSections
  const sections = sectionsOf(apps, say, isLong)
  return (
    <>
      {isLong && (
        <div class="scripted">
          <input
            type="search"
            data-find
            aria-label={say.find}
            aria-keyshortcuts="/"
            placeholder={`${say.find} (/)`}
            autocomplete="off"
          />
          <p role="status" hidden>
            {say.notFound}
          </p>
        </div>
      )}
      {sections.map(({ title, apps }) =>
        title === null ? (
          <Cards key="" frame={frame} apps={apps} now={now} isLong={isLong} />
        ) : (
          <section key={title} data-apps>
            <h2 dir="auto">{title}</h2>
            <Cards frame={frame} apps={apps} now={now} isLong={isLong} />
          </section>
        )
      )}
    </>
  )
}

function Cards({ frame, apps, now, isLong }: ListProps & { isLong: boolean }) {
  const say = frame.say.apps
  return (
    <ul class={isLong ? 'apps many' : 'apps'}>
      {apps.map(app => (
        <li key={app.id} data-tile={tileOf(app.title)}>
          <a href={app.url} dir="auto">
            {app.title}
          </a>
          {app.description !== null && <p dir="auto">{app.description}</p>}
          {app.isReportOnly && <p>{say.reportOnly}</p>}
          {app.maintenance != null && <p class="soft">{maintenanceSentence(app.maintenance, frame)}</p>}
          {app.lastUsedAt !== null && app.maintenance == null && (
            <p class="soft">{say.lastUsed({ when: formatRelative(app.lastUsedAt, now, frame.say) })}</p>
          )}
        </li>
      ))}
    </ul>
  )
}

interface Section {
  /** Null if the page's headline is enough. */
  readonly title: string | null
  readonly apps: readonly AppCard[]
}

function sectionsOf(apps: readonly AppCard[], say: { recent: string; others: string }, isLong: boolean): Section[] {
  const onTop = isLong ? inOrder(apps.filter(app => app.lastUsedAt !== null)).slice(0, maxOnTop) : []
  const rest = apps.filter(app => !onTop.includes(app))
  const named = [...new Set(rest.map(app => app.section ?? null).filter(section => section !== null))]
  const isDivided = onTop.length > 0 || named.length > 0
  const unnamed = rest.filter(app => app.section == null)
  return [
    { title: say.recent, apps: onTop },
    ...named.map(title => ({ title, apps: rest.filter(app => app.section === title) })),
    { title: isDivided ? say.others : null, apps: isLong ? unnamed : inOrder(unnamed) }
  ].filter(section => section.apps.length > 0)
}

/** Last used first. Unused apps keep the order of the configuration. */
export function inOrder(apps: readonly AppCard[]): AppCard[] {
  return [...apps].sort((a, b) => (b.lastUsedAt ?? 0) - (a.lastUsedAt ?? 0))
}

function maintenanceSentence({ until }: NonNullable<AppCard['maintenance']>, { say }: Frame): string {
  if (until === null) return say.apps.maintained
  return say.apps.maintainedUntil({ until: until.at === null ? until.text : zonedTime(until, say) })
}

const letters = new Intl.Segmenter()

/** The first character of a title. */
function tileOf(title: string): string {
  const [first] = letters.segment(title.replace(/^[\p{P}\p{Z}]+/u, '') || title)
  return first?.segment.toUpperCase() ?? ''
}
