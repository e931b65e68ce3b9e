/** The stories of tokens for programs. */
import type { JSX } from 'preact'
import type { Frame } from '../../plugins/portal/layout.tsx'
import type { AppCard } from '../../plugins/portal/options.ts'
import { MadeProgramPage, NewProgramPage, ProgramsPage } from '../../plugins/portal/programs.tsx'
import type { ProgramToken } from '../../src/programs/program-token.ts'

const day = 86_400_000

interface Kinds<Story> {
  readonly optional: (name: string, page: JSX.Element) => Story
  readonly variant: (name: string, page: JSX.Element) => Story
}

export function programStories<Story>(frame: Frame, now: number, { optional, variant }: Kinds<Story>): Story[] {
  const app: AppCard = {
    id: 'files',
    title: 'Raw data',
    description: null,
    url: 'https://lab.example/data/',
    lastUsedAt: null,
    tokens: { header: null }
  }
  const hub: AppCard = { ...app, id: 'hub', title: 'Notebooks', tokens: { header: 'X-Gate-Token' } }
  const token: ProgramToken = {
    id: '3f9a2c51d07be684',
    digest: '',
    accountId: 'ada',
    name: 'Microscope in room 12',
    app: 'files',
    paths: ['/raw/**'],
    methods: ['GET', 'HEAD'],
    networks: ['10.1.2.0/24'],
    bytes: 10 * 1024 ** 3,
    createdAt: now - 20 * day,
    expiresAt: now + 70 * day,
    by: null
  }
  const listed = { token, lastUse: { at: now - 300_000, address: '10.1.2.7' } }
  const old = {
    ...token,
    id: 'b',
    name: 'Old script',
    expiresAt: now - day,
    bytes: null,
    networks: null,
    by: 'operator'
  }
  const user = 'ada'
  const typed = { name: '', days: '90', paths: '', networks: '', bytes: '', readsOnly: true }
  const view = { app, typed, problem: null }
  const say = frame.say.programs
  const wrong = { field: 'paths', sentence: say.wrong.paths } as const
  return [
    optional(
      'programs',
      <ProgramsPage frame={frame} view={{ tokens: [listed], apps: [app], user, now, revoked: null }} />
    ),
    optional('program-new', <NewProgramPage frame={frame} view={view} />),
    optional('program-made', <MadeProgramPage frame={frame} view={{ text: `fg_${'Zx7'.repeat(15)}q`, app, user }} />),
    variant(
      'programs-several',
      <ProgramsPage
        frame={frame}
        view={{ tokens: [listed, { token: old, lastUse: null }], apps: [app, hub], user, now, revoked: 'Test' }}
      />
    ),
    variant('programs-none', <ProgramsPage frame={frame} view={{ tokens: [], apps: [], user, now, revoked: null }} />),
    variant(
      'program-new-wrong',
      <NewProgramPage
        frame={frame}
        view={{ ...view, typed: { ...typed, name: 'Microscope', paths: 'raw' }, problem: wrong }}
      />
    )
  ]
}
