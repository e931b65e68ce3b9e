/** `factorgate watch`: the group of commands about what people fetch, and about changes of apps. */
import { group } from './command.ts'

export const command = group({
  name: 'watch',
  summary: 'Show who fetches how much, what is new in apps, and whose decoy has leaked.',
  help: `
Example:
  factorgate watch show
  factorgate watch app files
  factorgate watch mark < passwords.xlsx
`,
  commands: [
    {
      name: 'show',
      summary: 'Show who has fetched how much, how far budgets are used, and the alarms.',
      load: () => import('./watch/show.ts')
    },
    {
      name: 'app',
      summary: 'Show what is new in an app, approve it, or announce a change.',
      load: () => import('./watch/app.ts')
    },
    {
      name: 'mark',
      summary: 'Say whose copy of a decoy a leaked file is.',
      load: () => import('./watch/mark.ts')
    }
  ]
})
