/** The page where people choose their identity provider: a search that works without scripts, earlier choices on top, and at most fifty rows. */
import { briefCookie, choiceCookieName, readCookie } from '../../cookies.ts'
import { type Frame, Notice, Page, Said } from '../layout.tsx'
import type { PageContext } from '../page-context.ts'
import { type ReturnTo, withReturnTo } from '../return-to.ts'

interface ChooserRow {
  readonly entityId: string
  readonly name: string
}

export interface ChooserView {
  readonly path: string
  readonly title: string
  readonly returnTo: ReturnTo
  /** Further parameters of the links. */
  readonly more: Readonly<Record<string, string>>
  readonly query: string
  readonly before: readonly ChooserRow[]
  readonly rows: readonly ChooserRow[]
  readonly total: number
  /** False if only a whole entity id is found (MDQ). */
  readonly isList: boolean
}

export const maxRows = 50

export function ChooserPage({ frame, view }: { frame: Frame; view: ChooserView }) {
  const say = frame.say.chooser
  const { path, returnTo, more, query, rows, total } = view
  return (
    <Page frame={frame} title={say.title} subtitle={view.title} drawing="ajar">
      {query === '' && view.before.length > 0 && <Rows view={view} rows={view.before} label={say.before} />}
      <form class="fields" method="get" action={path}>
        {[...new URLSearchParams(withReturnTo('', returnTo, more).slice(1))].map(([name, value]) => (
          <input key={name} type="hidden" name={name} value={value} />
        ))}
        <div>
          <label for="q">{view.isList ? say.search : say.entityId}</label>
          <input
            id="q"
            name="q"
            type="search"
            value={query}
            dir="auto"
            autocomplete="off"
            spellcheck={false}
            maxLength={200}
          />
        </div>
        <button type="submit" class="second">
          {say.find}
        </button>
      </form>
      {rows.length > 0 && <Rows view={view} rows={rows} label={query === '' ? say.all : say.found} />}
      {rows.length === 0 && query !== '' && <Notice>{say.none}</Notice>}
      {total > rows.length && <p class="soft">{say.more({ count: total - rows.length })}</p>}
      <p class="soft">
        <a href={withReturnTo('/.factorgate/login', returnTo)}>{say.otherWay}</a>
      </p>
    </Page>
  )
}

function Rows({ view, rows, label }: { view: ChooserView; rows: readonly ChooserRow[]; label: string }) {
  return (
    <section aria-label={label}>
      <h2>{label}</h2>
      <ul class="list">
        {rows.map(({ entityId, name }) => (
          <li key={entityId}>
            <a href={withReturnTo(view.path, view.returnTo, { ...view.more, idp: entityId })}>
              <Said text={name} />
            </a>
          </li>
        ))}
      </ul>
    </section>
  )
}

const maxRemembered = 3
const rememberedSeconds = 180 * 86_400

/** The latest choice comes first. */
export function chosenBefore({ request, site }: PageContext, institution: string): string[] {
  const text = readCookie(request.raw.headers.cookie, choiceCookieName(institution, site))
  if (text === null || text.length > 2000 || !/^[A-Za-z0-9_.-]+$/.test(text)) return []
  return text
    .split('.')
    .slice(0, maxRemembered)
    .map(each => Buffer.from(each, 'base64url').toString())
}

export function rememberChoice(page: PageContext, institution: string, entityId: string): void {
  const all = [entityId, ...chosenBefore(page, institution).filter(each => each !== entityId)].slice(0, maxRemembered)
  const texts = all.map(each => Buffer.from(each).toString('base64url'))
  // Entity ids may have 1,024 characters, and browsers drop long cookies.
  while (texts.length > 1 && texts.join('.').length > 1800) texts.pop()
  page.reply.header(
    'set-cookie',
    briefCookie(choiceCookieName(institution, page.site), texts.join('.'), rememberedSeconds, page.site)
  )
}
