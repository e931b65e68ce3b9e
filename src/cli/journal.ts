/** `factorgate journal`: the group of journal commands. */
import { group } from './command.ts'

export const command = group({
  name: 'journal',
  summary: 'Search and prove the journal: who did what, when and from where.',
  help: `
Example:
  factorgate journal search --reference 7K3M-9QXZ
  factorgate journal search --user alice --from 2d
  factorgate journal verify
`,
  commands: [
    {
      name: 'search',
      summary: 'Find entries by reference, person, app, kind and time.',
      load: () => import('./journal/search.ts')
    },
    { name: 'tail', summary: 'Show the newest entries.', load: () => import('./journal/tail.ts') },
    {
      name: 'verify',
      summary: 'Prove that the journal is whole, or name the first line that is not.',
      load: () => import('./journal/verify.ts')
    },
    { name: 'key', summary: 'Print the public key that verify needs.', load: () => import('./journal/key.ts') }
  ]
})
