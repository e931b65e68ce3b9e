/** The list of apps of a lab with many, and of names that are as long as they may be. */
import type { JSX } from 'preact'
import { AppsPage, type AppsView } from '../../plugins/portal/apps.tsx'
import type { Frame } from '../../plugins/portal/layout.tsx'
import type { AppCard } from '../../plugins/portal/options.ts'

const hour = 3_600_000
export const longTitle = 'Spectroscopy and crystallography workbench of the northern institutes (with archive)'
const longName =
  'Maximiliana Alexandrovna Wolfeschlegelsteinhausenbergerdorff-Llanfairpwllgwyngyll of the Upper Northern Archipelago, second of her name'

export function manyApps(now: number): AppCard[] {
  const app = (title: string, section: string | null, more: Partial<AppCard> = {}): AppCard => ({
    id: title,
    title,
    description: `What ${title} is for.`,
    url: `https://lab.example/${encodeURIComponent(title)}/`,
    lastUsedAt: null,
    section,
    ...more
  })
  const until = { text: '2026-03-13T18:00+01:00', at: Date.UTC(2026, 2, 13, 17), offsetMinutes: 60 }
  return [
    app('Notebooks', 'Analysis', { lastUsedAt: now - 2 * hour }),
    app('RStudio', 'Analysis'),
    app(longTitle, 'Analysis', { description: null }),
    app('Confocal microscope', 'Instruments', { lastUsedAt: now - 26 * hour }),
    app('Électrophorèse', 'Instruments', { maintenance: { until, message: null } }),
    app('Mass spectrometer', 'Instruments', { maintenance: { until: null, message: null } }),
    app('Sample register', 'Samples', { lastUsedAt: now - 50 * hour }),
    app('Freezer map', 'Samples', { lastUsedAt: now - 90 * hour }),
    app('دفتر المختبر', 'Samples'),
    app('Wiki', null),
    app('Orders', null)
  ]
}

export function appStories<Story>(frame: Frame, now: number, variant: (name: string, page: JSX.Element) => Story) {
  const view: AppsView = { apps: manyApps(now), now, spent: null }
  const long: Frame = { ...frame, person: { displayName: longName } }
  return [
    variant('apps-many', <AppsPage frame={frame} view={view} />),
    variant('apps-long-names', <AppsPage frame={long} view={{ ...view, apps: view.apps.slice(2, 4) }} />)
  ]
}
