/** `factorgate key`: the group of key commands. */
import { group } from './command.ts'

export const command = group({
  name: 'key',
  summary: 'Make a key file, or replace its key.',
  help: `
Keep a copy of the key file in a safe place, away from the backups of the store. A person who has both can read everything. Without the
key file, nobody can open the sealed secrets.

Example:
  factorgate key new /etc/factorgate/factorgate.key
`,
  commands: [
    { name: 'new', summary: 'Make a key file that only its owner can read.', load: () => import('./key/new.ts') },
    {
      name: 'rotate',
      summary: 'Replace the key, and seal all secrets with the new one.',
      load: () => import('./key/rotate.ts')
    }
  ]
})
