/** `factorgate watch`: the group of commands about what people fetch. */
import { group } from './command.ts'

export const command = group({
  name: 'watch',
  summary: 'Show who has used how much of which budget.',
  help: `
Example:
  factorgate watch show
`,
  commands: [
    {
      name: 'show',
      summary: 'Show who has used how much of which budget.',
      load: () => import('./watch/show.ts')
    }
  ]
})
