/** The search of the journal. */
import {
  type JournalEntry,
  type JournalFilter,
  type JournalPage,
  typedReference
} from '../../src/administration/journal-search.ts'
import { Table } from '../../src/charts/table.tsx'
import { dayMs } from '../../src/clock.ts'
import { canonicalName } from '../../src/identity/account.ts'
import { utcMinute } from '../../src/messages/utc-minute.ts'
import { Notice } from '../portal/layout.tsx'
import { sendPage } from '../portal/page-context.ts'
import { type ConsoleFrame, consoleFrame, consolePage } from './console-page.ts'
import { base, Sheet } from './layout.tsx'
import type { ConsoleOptions } from './options.ts'
import type { PageScope } from './page-scope.ts'

const fields = ['reference', 'person', 'app', 'kind', 'from', 'to'] as const
type Typed = Readonly<Record<(typeof fields)[number], string>>

interface JournalView {
  readonly typed: Typed
  /** Null where something that was typed cannot be read. */
  readonly page: JournalPage | null
  readonly isFirst: boolean
  readonly problem: string | null
}

const path = `${base}/journal`
const maxLines = 50

function JournalSheet({ frame, view }: { frame: ConsoleFrame; view: JournalView }) {
  const say = frame.say.journal
  const { typed, page, problem } = view
  const query = new URLSearchParams(Object.entries(typed).filter(([, value]) => value !== ''))
  return (
    <Sheet frame={frame} title={say.title} at="journal">
      <p>{say.lead}</p>
      <form class="find many" method="get" action={path}>
        {fields.map(name => (
          <div key={name}>
            <label for={name}>{say[name]}</label>
            <input id={name} name={name} value={typed[name]} maxlength={100} autocomplete="off" spellcheck={false} />
          </div>
        ))}
        <button type="submit">{say.find}</button>
      </form>
      {problem !== null && <Notice alert>{problem}</Notice>}
      {page !== null &&
        (page.entries.length === 0 ? (
          <p>{say.none}</p>
        ) : (
          <Table
            caption={say.title}
            columns={[say.at, say.what, say.who, say.where, say.result]}
            rows={page.entries.map((entry, at) => ({ key: `${entry.seq ?? at}`, cells: cellsOf(entry, frame) }))}
          />
        ))}
      {page?.isPartly && <p>{page.backTo === null ? say.partlyAll : say.partly({ when: utcMinute(page.backTo) })}</p>}
      <p class="pages">
        {!view.isFirst && <a href={`${path}?${query}`}>{say.newest}</a>}
        {page !== null && page.next !== null && (
          <a href={`${path}?${new URLSearchParams({ ...Object.fromEntries(query), after: page.next })}`}>{say.older}</a>
        )}
      </p>
    </Sheet>
  )
}

export function cellsOf(entry: JournalEntry, { say }: ConsoleFrame) {
  const text = (field: string) => (entry[field] == null ? '' : String(entry[field]))
  const { chain: _, seq: __, prev: ___, ...told } = entry as Record<string, unknown>
  return [
    <span class="figures">
      {`${entry.at.slice(0, 19).replace('T', ' ')} UTC`}
      {text('request') !== '' && <small>{text('request')}</small>}
    </span>,
    <details>
      <summary>{entry.kind}</summary>
      <pre>{JSON.stringify(told, null, 1).slice(2, -2)}</pre>
    </details>,
    <>
      <bdi>{text('name') || text('person') || text('account')}</bdi>
      {text('operator') !== '' && (
        <small>
          <bdi>{say.journal.by({ operator: text('operator') })}</bdi>
        </small>
      )}
    </>,
    <>
      {text('app')}
      {text('path') !== '' && (
        <small dir="ltr">
          {text('method')} {text('path').slice(0, 120)}
        </small>
      )}
      {text('address') !== '' && <small>{text('address')}</small>}
    </>,
    <>
      {[text('status'), text('outcome') || text('decision')].filter(Boolean).join(' ')}
      {text('why') !== '' && (
        <small>
          <bdi>{text('why')}</bdi>
        </small>
      )}
    </>
  ]
}

/** A time in UTC, in milliseconds: a day, or a day and a time. `isEnd`: the last moment of it. Null for other text. */
function readMoment(text: string, isEnd: boolean): number | null {
  const [, day, time] = /^(\d{4}-\d{2}-\d{2})(?:[ T](\d{2}:\d{2})(?::\d{2})?Z?)?$/.exec(text.trim()) ?? []
  if (day === undefined) return null
  const at = Date.parse(`${day}T${time ?? '00:00'}:00Z`)
  if (Number.isNaN(at)) return null
  return isEnd ? at + (time === undefined ? dayMs : 60_000) - 1 : at
}

export function registerJournal(scope: PageScope, options: ConsoleOptions): void {
  scope.get(path, { config: { requires: 'console' } }, async request => {
    const page = consolePage(request)
    const sent = new URLSearchParams(page.request.exchange.target.query)
    const typed = Object.fromEntries(fields.map(name => [name, (sent.get(name) ?? '').trim().slice(0, 100)])) as Typed
    const after = /^[\w.-]{1,100}@\d{1,15}$/.test(sent.get('after') ?? '') ? sent.get('after') : null
    const frame = consoleFrame(page)
    const show = (status: number, found: JournalPage | null, problem: string | null) => {
      const view = { typed, page: found, isFirst: after === null, problem }
      return sendPage(page, status, <JournalSheet frame={frame} view={view} />)
    }
    const reference = typed.reference === '' ? null : typedReference(typed.reference)
    if (reference === null && typed.reference !== '') return show(403, null, frame.say.journal.badReference)
    const [from, to] = [readMoment(typed.from, false), readMoment(typed.to, true)]
    if ((from === null && typed.from !== '') || (to === null && typed.to !== ''))
      return show(403, null, frame.say.journal.badTime)
    const query: JournalFilter = {
      reference,
      person: typed.person === '' ? null : await namesOf(typed.person),
      app: typed.app || null,
      kind: typed.kind || null,
      from,
      to
    }
    return show(200, await options.journal.search(query, after, maxLines), null)
  })

  /** Some entries have only the id, others only the name. */
  async function namesOf(text: string): Promise<string[]> {
    const name = canonicalName(text) ?? text
    const account = (await options.accounts.byName(text)) ?? (await options.accounts.byId(text))
    return account === null ? [name, text] : [account.name, account.id]
  }
}
