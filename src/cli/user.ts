/** `factorgate user`: the group of user commands. */
import { group } from './command.ts'

export const command = group({
  name: 'user',
  summary: 'People: who may sign in, and with which groups.',
  help: `
Works while the gateway runs, on the same store; the gateway obeys at once.

Example:
  factorgate user add alice --group researchers --email alice@lab.example
`,
  commands: [
    { name: 'add', summary: 'Add a person and print their invitation.', load: () => import('./user/add.ts') },
    { name: 'list', summary: 'Everybody: groups, factors, status.', load: () => import('./user/list.ts') },
    {
      name: 'show',
      summary: 'One person: account, factors, recovery codes, sessions.',
      load: () => import('./user/show.ts')
    },
    { name: 'set', summary: 'Change groups, e-mail address or displayed name.', load: () => import('./user/set.ts') },
    {
      name: 'invite',
      summary: 'Print a new invitation: for a first factor, or after a reset.',
      load: () => import('./user/invite.ts')
    },
    { name: 'suspend', summary: 'Shut a person out, at once.', load: () => import('./user/suspend.ts') },
    { name: 'resume', summary: 'Let a suspended person in again.', load: () => import('./user/resume.ts') },
    {
      name: 'reset-factors',
      summary: 'Remove all second factors of a person and end their sessions.',
      load: () => import('./user/reset-factors.ts')
    },
    { name: 'remove', summary: 'Remove a person and all that is kept of them.', load: () => import('./user/remove.ts') }
  ]
})
