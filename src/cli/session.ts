/** `factorgate session`: the group of session commands. */
import { group } from './command.ts'

export const command = group({
  name: 'session',
  summary: 'Who is signed in; end it.',
  help: `
Example:
  factorgate session list
  factorgate session revoke --user alice
`,
  commands: [
    { name: 'list', summary: 'Who is signed in, since when, from where.', load: () => import('./session/list.ts') },
    {
      name: 'revoke',
      summary: 'End sessions now, open sockets and running downloads included.',
      load: () => import('./session/revoke.ts')
    }
  ]
})
