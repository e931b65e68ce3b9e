/** `factorgate user`: the group of user commands. */
import { group } from './command.ts'

export const command = group({
  name: 'user',
  summary: 'Add, list and change the people who may sign in.',
  help: `
These commands work while the gate runs, on the same store. Changes take effect at once.

Example:
  factorgate user add alice --group researchers --email alice@lab.example
`,
  commands: [
    { name: 'add', summary: 'Add a person and print their invitation.', load: () => import('./user/add.ts') },
    { name: 'list', summary: 'List everybody, with groups, factors and status.', load: () => import('./user/list.ts') },
    {
      name: 'show',
      summary: 'Show one person: account, invitation, factors, recovery codes, sessions.',
      load: () => import('./user/show.ts')
    },
    { name: 'set', summary: 'Change groups, e-mail address or displayed name.', load: () => import('./user/set.ts') },
    { name: 'rename', summary: 'Give a person another user name.', load: () => import('./user/rename.ts') },
    {
      name: 'invite',
      summary: 'Print a new invitation: for a first factor, or after a reset.',
      load: () => import('./user/invite.ts')
    },
    { name: 'suspend', summary: 'Suspend a person at once.', load: () => import('./user/suspend.ts') },
    {
      name: 'resume',
      summary: 'Let a person in again who is suspended, or whom a budget stops.',
      load: () => import('./user/resume.ts')
    },
    {
      name: 'waits',
      summary: 'List who must wait after wrong tries: accounts and networks.',
      load: () => import('./user/waits.ts')
    },
    {
      name: 'unlock',
      summary: 'End the waits of a person or a network after wrong tries.',
      load: () => import('./user/unlock.ts')
    },
    {
      name: 'reset-factors',
      summary: 'Remove all second factors of a person, or one, and end their sessions.',
      load: () => import('./user/reset-factors.ts')
    },
    {
      name: 'forget-name',
      summary: 'Free a name that a person had before their institution renamed them.',
      load: () => import('./user/forget-name.ts')
    },
    {
      name: 'forget-login',
      summary: 'Remove the login that a person has stored for one app.',
      load: () => import('./user/forget-login.ts')
    },
    { name: 'remove', summary: 'Remove a person and all their data.', load: () => import('./user/remove.ts') }
  ]
})
