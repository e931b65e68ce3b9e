/** `factorgate journal`: the group of journal commands. */
import { group } from './command.ts'

export const command = group({
  name: 'journal',
  summary: 'Search the journal: who did what, when and from where.',
  help: `
Example:
  factorgate journal search --reference 7K3M-9QXZ
  factorgate journal search --user alice --from 2d
`,
  commands: [
    {
      name: 'search',
      summary: 'Find entries by reference, person, app, kind and time.',
      load: () => import('./journal/search.ts')
    },
    { name: 'tail', summary: 'Show the newest entries.', load: () => import('./journal/tail.ts') }
  ]
})
