/** `factorgate store`: the group of store commands. */
import { group } from './command.ts'

export const command = group({
  name: 'store',
  summary: 'Back up, restore or move the store.',
  help: `
A backup is sealed with the key file and cannot be opened without it. Keep copies of both, in two different places. To move from the
embedded store to Redis or back, export the store, change 'store' in the configuration, and import the backup.

Example:
  factorgate store export /backup/factorgate-2026-11-22.sealed
`,
  commands: [
    {
      name: 'accept',
      summary: 'Accept the store as it is now, after a failover or a restore.',
      load: () => import('./store/accept.ts')
    },
    { name: 'export', summary: 'Write a sealed backup of the store.', load: () => import('./store/export.ts') },
    { name: 'import', summary: 'Fill the store from a sealed backup.', load: () => import('./store/import.ts') }
  ]
})
