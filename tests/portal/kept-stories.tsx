/** The stories of a kept POST: its page asks before it sends what another site or a script has begun. */
import type { JSX } from 'preact'
import { KeptPage, type KeptView } from '../../plugins/portal/kept.tsx'
import type { Frame } from '../../plugins/portal/layout.tsx'

interface Kinds<Story> {
  readonly optional: (name: string, page: JSX.Element) => Story
  readonly variant: (name: string, page: JSX.Element) => Story
}

export function keptStories<Story>(frame: Frame, { optional, variant }: Kinds<Story>): Story[] {
  const there: Frame = { ...frame, base: 'https://gate.lab.example' }
  const view: KeptView = {
    id: 'A'.repeat(22),
    app: 'Notebooks',
    method: 'POST',
    url: 'https://notebooks.lab.example/lti/launch',
    back: 'https://notebooks.lab.example/tree',
    value: `${'A'.repeat(22)}.${'B'.repeat(43)}`,
    how: 'foreign',
    from: 'https://moodle.example',
    bytes: 4200,
    contents: {
      fields: [
        { name: 'course', value: 'Microscopy II' },
        { name: 'id_token', value: null }
      ],
      isCut: true
    }
  }
  const contents = { fields: [{ name: '', value: '{"title":"Cell 7","source":"import numpy as np"}' }], isCut: false }
  return [
    optional('kept', <KeptPage frame={there} view={view} />),
    variant('kept-script', <KeptPage frame={there} view={{ ...view, how: 'script', from: '', contents }} />),
    variant('kept-own', <KeptPage frame={there} view={{ ...view, how: 'now', contents: null }} />)
  ]
}
