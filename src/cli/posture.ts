/** `factorgate posture`: the group of commands about how careful the gate is. */
import { group } from './command.ts'

export const command = group({
  name: 'posture',
  summary: 'Show and set how careful the gate is: normal, elevated or lockdown.',
  help: `
elevated halves budgets and the age of proofs, and asks for a passkey or security key. lockdown also lets in only some groups, and ends
the connections of everybody else. The configuration (watch.posture) says how much, and which groups.

Example:
  factorgate posture set elevated --until 2h --why 'odd sign-ins at night'
`,
  commands: [
    {
      name: 'show',
      summary: 'Show what is set, by whom, why and until when.',
      load: () => import('./posture/show.ts')
    },
    { name: 'set', summary: 'Set the posture of all apps, or of one.', load: () => import('./posture/set.ts') }
  ]
})
