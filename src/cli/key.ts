/** `factorgate key`: the group of key commands. */
import { group } from './command.ts'

export const command = group({
  name: 'key',
  summary: 'The key file: make one, exchange its key.',
  help: `
Keep a copy of the key file in a safe place, apart from the backups of the store: whoever has both can read everything, and whoever has
lost the file can use no sealed secret any more.

Example:
  factorgate key new /etc/factorgate/factorgate.key
`,
  commands: [
    { name: 'new', summary: 'Make a key file, for its owner alone.', load: () => import('./key/new.ts') },
    { name: 'rotate', summary: 'Exchange the key, and seal everything anew.', load: () => import('./key/rotate.ts') }
  ]
})
