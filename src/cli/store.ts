/** `factorgate store`: the group of store commands. */
import { group } from './command.ts'

export const command = group({
  name: 'store',
  summary: 'Back the store up, or move it.',
  help: `
A backup is sealed with the key file and worth nothing without it: keep copies of both, in two places. It is also the way from the
embedded store to Redis and back: export, change 'store' in the configuration, import.

Example:
  factorgate store export /backup/factorgate-2026-11-22.sealed
`,
  commands: [
    {
      name: 'accept',
      summary: 'Take the store as it is now, after a failover or a restore.',
      load: () => import('./store/accept.ts')
    },
    { name: 'export', summary: 'Write a sealed backup of the store.', load: () => import('./store/export.ts') },
    { name: 'import', summary: 'Fill the store from a sealed backup.', load: () => import('./store/import.ts') }
  ]
})
