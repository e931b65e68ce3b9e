/** `factorgate notify`: the group of commands for mails and webhooks. */
import { group } from './command.ts'

export const command = group({
  name: 'notify',
  summary: 'Try the mail server and the webhooks.',
  help: `
Example:
  factorgate notify test --to alice@lab.example
`,
  commands: [
    {
      name: 'test',
      summary: 'Send a test mail or a test message, and show the answer of the server.',
      load: () => import('./notify/test.ts')
    }
  ]
})
