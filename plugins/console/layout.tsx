/** The layout of the console's pages: the portal's head in a wider sheet, with the console's navigation. */
import type { ComponentChildren } from 'preact'
import type { Role } from '../../src/administration/roles.ts'
import type { Account } from '../../src/identity/account.ts'
import { pageScript, tabIcon } from '../portal/assets.ts'
import { DocumentHead, FormProblem, Masthead, Said } from '../portal/layout.tsx'
import { consoleScript, consoleSheet } from './assets.ts'
import type { ConsoleFrame } from './console-page.ts'

export const base = '/.factorgate/admin'
export const posturePath = `${base}/posture`
export const watchPath = `${base}/watch`
export const watchPathOf = (account: string) => `${watchPath}/${account}`

type Place = 'now' | 'people' | 'requests' | 'watch' | 'posture' | 'numbers' | 'waits' | 'journal' | 'configuration'

interface SheetProps {
  frame: ConsoleFrame
  title: string
  /** The open entry of the navigation. */
  at: Place
  /** One column, for a form. */
  narrow?: boolean
  children: ComponentChildren
}

const places: readonly (readonly [Place, string])[] = [
  ['now', `${base}/`],
  ['people', `${base}/people`],
  ['requests', `${base}/requests`],
  ['watch', watchPath],
  ['posture', posturePath],
  ['numbers', `${base}/numbers`],
  ['waits', `${base}/waits`],
  ['journal', `${base}/journal`],
  ['configuration', `${base}/configuration`]
]

export function Sheet({ frame: { frame, role, say, hasRequests }, title, at, narrow, children }: SheetProps) {
  const { look, say: words } = frame
  return (
    <html lang={words.entry.tag} dir={words.entry.direction === 'rtl' ? 'rtl' : undefined}>
      <DocumentHead look={look} title={`${title} · ${say.frame.title}`}>
        <meta name="robots" content="noindex" />
        <link rel="icon" href={tabIcon.path} />
        <link rel="stylesheet" href={consoleSheet.path} />
        <script src={pageScript().path} defer />
        <script src={consoleScript.path} defer />
      </DocumentHead>
      <body class={narrow ? 'desk narrow' : 'desk'}>
        <a class="skip" href="#main">
          {words.frame.skip}
        </a>
        <Masthead frame={frame} />
        <nav class="places" aria-label={say.frame.nav}>
          {places
            .filter(([place]) => isShown(place, role, hasRequests))
            .map(([place, href]) => (
              <a key={place} href={href} aria-current={place === at ? 'page' : undefined}>
                {say.frame.places[place]}
              </a>
            ))}
        </nav>
        <main id="main">
          <h1>
            <Said text={title} />
          </h1>
          {frame.isUndone && <FormProblem text={say.frame.undone} takesFocus />}
          {children}
        </main>
        <footer>
          {role === 'helpdesk' && <p>{say.frame.helpdesk}</p>}
          <a href="/.factorgate/language">{words.frame.language}</a>
        </footer>
      </body>
    </html>
  )
}

const ofOperators: ReadonlySet<Place> = new Set(['configuration', 'watch', 'posture'])

/** The help desk sees no requests, no configuration, and nothing of what people fetch; requests need an institution that asks for sponsors. */
function isShown(place: Place, role: Role, hasRequests: boolean): boolean {
  if (place === 'requests') return hasRequests && role === 'operator'
  return !ofOperators.has(place) || role === 'operator'
}

/** Both names, or the one of a person without a displayed name, with a link to their page. */
export function PersonCell({ account }: { account: Pick<Account, 'id' | 'name' | 'displayName'> }) {
  return (
    <>
      <a href={`${base}/people/${account.id}`}>
        <bdi>{account.displayName}</bdi>
      </a>
      {account.name !== account.displayName && (
        <small>
          <bdi>{account.name}</bdi>
        </small>
      )}
    </>
  )
}

interface FollowingProps {
  frame: ConsoleFrame
  /** The event stream; null for a page that stands still. */
  events: string | null
  /** The address of the page. */
  path: string
  children: ComponentChildren
}

/** Content that follows what happens (assets/console.js). The person can hold it still (WCAG 2.2.2), and a page that no longer follows says so. */
export function Following({ frame: { say }, events, path, children }: FollowingProps) {
  if (events === null) return <div>{children}</div>
  return (
    <>
      <label class="check screen scripted">
        <input type="checkbox" checked autocomplete="off" data-follow />
        {say.frame.follow}
      </label>
      <p class="notice alert screen" role="alert" hidden data-stopped>
        {say.frame.stopped} <a href={path}>{say.frame.refresh}</a>
      </p>
      <div data-live={events}>{children}</div>
    </>
  )
}

interface PagesProps {
  frame: ConsoleFrame
  page: number
  pages: number
  /** The address of a page. */
  to(page: number): string
}

/** The page's number, with links to the previous and the next one. */
export function Pages({ frame: { say }, page, pages, to }: PagesProps) {
  return (
    <>
      {pages > 1 && <span>{say.frame.page({ page: String(page), pages: String(pages) })}</span>}
      {page > 1 && (
        <a href={to(page - 1)} rel="prev">
          {say.frame.previous}
        </a>
      )}
      {page < pages && (
        <a href={to(page + 1)} rel="next">
          {say.frame.next}
        </a>
      )}
    </>
  )
}
