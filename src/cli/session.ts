/** `factorgate session`: the group of session commands. */
import { group } from './command.ts'

export const command = group({
  name: 'session',
  summary: 'List who is signed in, and end sessions.',
  help: `
Example:
  factorgate session list
  factorgate session revoke --user alice
`,
  commands: [
    {
      name: 'list',
      summary: 'List who is signed in, since when and from where.',
      load: () => import('./session/list.ts')
    },
    {
      name: 'revoke',
      summary: 'End sessions now, with their open sockets and running downloads.',
      load: () => import('./session/revoke.ts')
    }
  ]
})
