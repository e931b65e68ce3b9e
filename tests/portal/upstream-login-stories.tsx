/** The stories of logins at apps that know only user name and password. */
import type { JSX } from 'preact'
import type { Frame } from '../../plugins/portal/layout.tsx'
import { LoginFormPage, LoginsPage } from '../../plugins/portal/upstream-logins.tsx'

const day = 86_400_000

interface Kinds<Story> {
  readonly optional: (name: string, page: JSX.Element) => Story
  readonly variant: (name: string, page: JSX.Element) => Story
}

export function upstreamLoginStories<Story>(frame: Frame, now: number, { optional, variant }: Kinds<Story>): Story[] {
  const app = { id: 'scheduler', title: 'Cluster scheduler' }
  const stored = { app: app.id, storedAt: now - 20 * day, refusedAt: null }
  const refused = { ...stored, refusedAt: now - 60_000 }
  const view = { app, login: null, problem: null, now }
  const row = { ...app, isOpen: true, login: stored }
  const rows = [
    row,
    { id: 'archive', title: 'Archive', isOpen: true, login: null },
    { id: 'old-camera', title: 'old-camera', isOpen: false, login: { ...refused, app: 'old-camera' } }
  ]
  return [
    optional('login-at-app', <LoginFormPage frame={frame} view={view} />),
    optional('logins', <LoginsPage frame={frame} view={{ rows: [row], done: null, now }} />),
    variant('login-at-app-refused', <LoginFormPage frame={frame} view={{ ...view, login: refused }} />),
    variant('login-at-app-replace', <LoginFormPage frame={frame} view={{ ...view, login: stored }} />),
    variant('login-at-app-wrong', <LoginFormPage frame={frame} view={{ ...view, problem: 'user' }} />),
    variant(
      'logins-several',
      <LoginsPage frame={frame} view={{ rows, done: { kind: 'login-stored', name: app.title }, now }} />
    ),
    variant('logins-none', <LoginsPage frame={frame} view={{ rows: [], done: null, now }} />)
  ]
}
