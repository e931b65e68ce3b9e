/** The first page of the console: signed-in people, with their open connections and moved bytes. */
import type { SignedInSession } from '../../src/administration/signed-in.ts'
import { Table } from '../../src/charts/table.tsx'
import { browserName } from '../portal/device-name.ts'
import { Notice, toFragment } from '../portal/layout.tsx'
import { sendPage } from '../portal/page-context.ts'
import { clockTime, formatRelative } from '../portal/relative-time.ts'
import { formatBytes } from './amounts.ts'
import { type ConsoleFrame, type ConsolePage, consoleFrame, consolePage } from './console-page.ts'
import { base, Following, PersonCell, Sheet } from './layout.tsx'
import { eventsPath, registerLive } from './live.ts'
import type { ConsoleOptions, OpenConnections } from './options.ts'
import type { PageScope } from './page-scope.ts'
import { requestsPath } from './requests.tsx'

interface NowView {
  /** Last seen first. */
  readonly signedIn: readonly SignedInSession[]
  /** Sign-ins beyond the page. */
  readonly more: number
  /** People, not sign-ins. */
  readonly people: number
  readonly open: OpenConnections
  readonly openTotal: number
  /** Pending requests for approval. */
  readonly sponsorRequests: number
  readonly now: number
  /** True where the page follows what happens. */
  readonly isLive: boolean
}

const maxSessionsShown = 200

function NowPage({ frame, view }: { frame: ConsoleFrame; view: NowView }) {
  return (
    <Sheet frame={frame} title={frame.say.now.title} at="now">
      <Following frame={frame} events={view.isLive ? eventsPath : null} path={`${base}/`}>
        <NowContent frame={frame} view={view} />
      </Following>
    </Sheet>
  )
}

/** What the event stream sends: it has no form, and no token. */
function NowContent({ frame, view }: { frame: ConsoleFrame; view: NowView }) {
  const say = frame.say.now
  const words = frame.frame.say
  return (
    <>
      {view.sponsorRequests > 0 && (
        <Notice>
          {say.sponsors({ count: view.sponsorRequests })} <a href={requestsPath}>{say.openSponsors}</a>
        </Notice>
      )}
      <p>{view.people === 0 ? say.nobody : say.lead({ people: view.people, open: view.openTotal })}</p>
      {view.signedIn.length > 0 && (
        <Table
          caption={say.title}
          columns={[say.person, say.device, say.from, say.since, say.seen, say.open, say.bytes]}
          rows={view.signedIn.map(one => rowOf(one, frame, view))}
        />
      )}
      {view.more > 0 && <p>{say.more({ count: view.more })}</p>}
      <p class="soft">
        {say.covers({ processes: view.open.processes })} {frame.say.frame.asOf({ clock: clockTime(view.now, words) })}{' '}
        <a href={`${base}/`}>{frame.say.frame.refresh}</a>
      </p>
    </>
  )
}

function rowOf(
  { account, session, lastSeenAt, isWhole }: SignedInSession,
  { frame, say }: ConsoleFrame,
  view: NowView
) {
  const words = frame.say
  const live = view.open.bySession.get(session.id)
  return {
    key: session.id,
    cells: [
      <PersonCell account={account} />,
      <>
        {browserName(session.device.userAgent, words)}
        {!isWhole && <small>{say.now.half}</small>}
      </>,
      <span class="figures">{session.device.address}</span>,
      formatRelative(session.createdAt, view.now, words),
      formatRelative(lastSeenAt, view.now, words),
      live === undefined ? null : (
        <>
          {live.connections}
          <small>{live.apps.join(', ')}</small>
        </>
      ),
      live === undefined ? null : <span class="figures">{formatBytes(live.bytes, words.entry.tag)}</span>
    ]
  }
}

export function registerNow(scope: PageScope, options: ConsoleOptions): void {
  for (const path of [base, `${base}/`])
    scope.get(path, { config: { requires: 'console' } }, async request => {
      const page = consolePage(request)
      return sendPage(page, 200, <NowPage frame={consoleFrame(page)} view={await readNow(page)} />)
    })

  registerLive(scope, options.live, {
    path: eventsPath,
    everyMs: 5_000,
    render: async page => toFragment(<NowContent frame={consoleFrame(page)} view={await readNow(page)} />)
  })

  async function readNow(page: ConsolePage): Promise<NowView> {
    const { directories, signIn, isAlone } = page.portal
    const [all, open, requests] = await Promise.all([
      options.signedIn.list(),
      options.openConnections(),
      page.role === 'operator' && directories.hasSponsors ? signIn.sponsorship.requestsFor(page.principal) : []
    ])
    return {
      signedIn: all.slice(0, maxSessionsShown),
      more: Math.max(0, all.length - maxSessionsShown),
      people: new Set(all.map(({ account }) => account.id)).size,
      open,
      openTotal: [...open.bySession.values()].reduce((sum, { connections }) => sum + connections, 0),
      sponsorRequests: requests.filter(({ request: { state } }) => state === 'open').length,
      now: page.now,
      isLive: isAlone === true
    }
  }
}
