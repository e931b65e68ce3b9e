/** Which language a mail has. */
import t from 'tap'
import type { Account } from '../../src/identity/account.ts'
import type { Language } from '../../src/messages/languages.ts'
import type { Recipient } from '../../src/notify/delivery.ts'
import type { Notice } from '../../src/notify/notice.ts'
import { sendBatch } from '../../src/notify/sender.ts'
import { startSmtp } from '../fixtures/in-process/smtp-server.ts'

const at = Date.UTC(2026, 10, 28)
const ada: Account = {
  id: 'a',
  name: 'ada',
  displayName: 'Ada',
  email: 'ada@lab.example',
  groups: [],
  directory: 'local',
  createdAt: at,
  suspended: null
}

t.test('the language of the reader, or else the first of the portal', async t => {
  const rows: [what: string, to: Recipient, chosen: Language | undefined, first: Language, expected: string][] = [
    ['a person who has chosen one', { kind: 'account', id: 'a' }, 'pl', 'de', 'pl'],
    ['a person who has not', { kind: 'account', id: 'a' }, undefined, 'de', 'de'],
    ['an address', { kind: 'address', address: 'desk@lab.example' }, undefined, 'ja', 'ja'],
    ['a portal that begins with English', { kind: 'account', id: 'a' }, undefined, 'en', 'en']
  ]
  const server = await startSmtp(t)
  for (const [what, to, chosen, language, expected] of rows) {
    const notice: Notice = { id: 'n', kind: 'test', at, to: [{ kind: 'account', id: 'a' }], facts: {} }
    const outcome = await sendBatch(
      to,
      { id: 'b', notices: [notice], firstTryAt: at, tries: 1, unclear: 0, nextAt: at },
      0,
      {
        mail: {
          server: { host: '127.0.0.1', port: server.port, security: 'plain', user: null, password: null, ca: null },
          from: 'gate@lab.example',
          replyTo: null
        },
        webhooks: [],
        language,
        lab: 'Example Lab',
        portalOrigin: 'https://gate.lab.example',
        contact: null,
        accent: null,
        accountById: async () => (chosen === undefined ? ada : { ...ada, language: chosen }),
        codesLeft: async () => null,
        keyring: () => {
          throw new Error('there is no link')
        }
      },
      at
    )
    t.match(outcome, { kind: 'sent' }, what)
    t.match(server.mails.at(-1)?.content, new RegExp(`^Content-Language: ${expected}\\r?$`, 'im'), what)
  }
})
