/** The people, with search, filters and pages. */
import { type FoundPeople, type PeopleFilter, peopleFilters } from '../../src/administration/people-index.ts'
import { Table } from '../../src/charts/table.tsx'
import type { Credential } from '../../src/factor/credential.ts'
import { credentialKinds } from '../../src/factor/kinds.ts'
import type { Account } from '../../src/identity/account.ts'
import { sendPage } from '../portal/page-context.ts'
import { formatRelative } from '../portal/relative-time.ts'
import { type ConsoleFrame, consoleFrame, consolePage } from './console-page.ts'
import { base, Pages, PersonCell, Sheet } from './layout.tsx'
import type { ConsoleOptions } from './options.ts'
import type { PageScope } from './page-scope.ts'

/** Groups of a person in the list. */
const maxGroups = 6

interface ListedPerson {
  readonly account: Account
  readonly credentials: readonly Credential[]
  /** For credentials. */
  readonly isUsable: (credential: Credential) => boolean
}

interface PeopleView extends Omit<FoundPeople, 'people'> {
  readonly text: string
  readonly filter: PeopleFilter
  readonly people: readonly ListedPerson[]
  readonly now: number
}

function PeoplePage({ frame, view }: { frame: ConsoleFrame; view: PeopleView }) {
  const say = frame.say.people
  return (
    <Sheet frame={frame} title={say.title} at="people">
      <form class="find" method="get" action={`${base}/people`}>
        <div>
          <label for="q">{say.search}</label>
          <input id="q" name="q" type="search" value={view.text} maxlength={100} autocomplete="off" dir="auto" />
        </div>
        <div>
          <label for="show">{say.show}</label>
          <select id="show" name="show">
            {peopleFilters.map(filter => (
              <option key={filter} value={filter} selected={filter === view.filter}>
                {say.filter[filter]}
              </option>
            ))}
          </select>
        </div>
        <button type="submit">{say.find}</button>
      </form>
      {view.people.length === 0 ? (
        <p>{say.nobody}</p>
      ) : (
        <Table
          caption={say.title}
          columns={[say.name, say.groups, say.factors, say.used, say.status]}
          rows={view.people.map(one => rowOf(one, frame, view))}
        />
      )}
      <Found frame={frame} view={view} />
      {frame.role === 'operator' && (
        <p class="pages">
          <a href={`${base}/add`}>{say.add}</a>
          <a href={`${base}/bulk`}>{say.bulk}</a>
        </p>
      )}
    </Sheet>
  )
}

function rowOf(
  { account, credentials, isUsable }: ListedPerson,
  { frame, say: words }: ConsoleFrame,
  view: PeopleView
) {
  const say = words.people
  const usable = credentials.filter(isUsable)
  const kinds = credentialKinds.flatMap(kind => {
    const n = usable.filter(credential => credential.kind === kind).length
    const name = frame.say.factor.name[kind]
    return n === 0 ? [] : [n === 1 ? name : say.several({ factor: name, count: String(n) })]
  })
  const usedAt = Math.max(0, ...credentials.map(({ lastUsedAt }) => lastUsedAt ?? 0))
  const isOff = credentials.some(({ disabledAt }) => disabledAt !== null)
  const status =
    account.suspended !== null ? say.suspended : usable.length === 0 ? say.unenrolled : isOff ? say.off : say.fine
  return {
    key: account.id,
    cells: [
      <PersonCell account={account} />,
      <bdi class="names">{groupsOf(account.groups, view.text, words)}</bdi>,
      kinds.join(', '),
      usedAt === 0 ? say.never : formatRelative(usedAt, view.now, frame.say),
      account.suspended !== null ? <strong>{status}</strong> : status
    ]
  }
}

/** A directory may give somebody hundreds. Those that were looked for come first, and the page of the person has all. */
function groupsOf(groups: readonly string[], text: string, { people: say }: ConsoleFrame['say']): string {
  if (groups.length <= maxGroups) return groups.join(', ')
  const wanted = text.toLowerCase()
  const isWanted = (group: string) => wanted !== '' && group.toLowerCase().includes(wanted)
  const sorted = [...groups.filter(isWanted), ...groups.filter(group => !isWanted(group))]
  return say.moreGroups({ groups: sorted.slice(0, maxGroups).join(', '), count: String(groups.length - maxGroups) })
}

function Found({ frame, view }: { frame: ConsoleFrame; view: PeopleView }) {
  const { text, filter, page, pages, total } = view
  const to = (at: number) => {
    const query = new URLSearchParams({ ...(text === '' ? {} : { q: text }), show: filter, page: String(at) })
    return `${base}/people?${query}`
  }
  return (
    <p class="pages">
      <span>{frame.say.people.total({ count: total })}</span>
      <Pages frame={frame} page={page} pages={pages} to={to} />
    </p>
  )
}

export function registerPeople(scope: PageScope, options: ConsoleOptions): void {
  scope.get(`${base}/people`, { config: { requires: 'console' } }, async request => {
    const page = consolePage(request)
    const query = new URLSearchParams(page.request.exchange.target.query)
    const text = (query.get('q') ?? '').slice(0, 100)
    const filter = peopleFilters.find(one => one === query.get('show')) ?? 'all'
    const found = await options.people.find({ text, filter, page: Number.parseInt(query.get('page') ?? '1', 10) || 1 })
    const people = await Promise.all(
      found.people.map(async account => ({
        account,
        credentials: await page.portal.services.credentials.list(account.id),
        isUsable: options.isUsable
      }))
    )
    const view = { ...found, people, text, filter, now: page.now }
    return sendPage(page, 200, <PeoplePage frame={consoleFrame(page)} view={view} />)
  })
}
