/** `factorgate token`: the group of commands about tokens of programs. */
import { group } from './command.ts'

export const command = group({
  name: 'token',
  summary: 'Make, list and revoke tokens of programs.',
  help: `
These commands work while the gate runs, on the same store. A revoked token stops at once, with what runs.

Example:
  factorgate token add --user alice --app files --path '/raw/**' --method GET --valid 30d
`,
  commands: [
    { name: 'add', summary: 'Make a token, and print it once.', load: () => import('./token/add.ts') },
    { name: 'list', summary: 'List tokens, their limits and their last use.', load: () => import('./token/list.ts') },
    { name: 'revoke', summary: 'Revoke a token at once.', load: () => import('./token/revoke.ts') },
    { name: 'check', summary: 'Say whose the tokens in a text are.', load: () => import('./token/check.ts') }
  ]
})
