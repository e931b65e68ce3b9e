/** `factorgate watch`: the group of commands about what people fetch. */
import { group } from './command.ts'

export const command = group({
  name: 'watch',
  summary: 'Show who has fetched how much, and how far budgets are used.',
  help: `
Example:
  factorgate watch show
`,
  commands: [
    {
      name: 'show',
      summary: 'Show who has fetched how much, and how far budgets are used.',
      load: () => import('./watch/show.ts')
    }
  ]
})
