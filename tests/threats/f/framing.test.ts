/** The rows F of docs/THREATS.md: the limits of messages, and upgrades. */
import t from 'tap'
import { startUpstream } from '../../fixtures/in-process/upstream.ts'
import { Lab } from '../../fixtures/in-process/wire.ts'
import { tryAll } from '../table.ts'
import { messageRows } from './framing-messages.ts'
import { hurtful, upgradeRows } from './framing-upgrades.ts'

t.test('framing', async t => {
  const stage = await startUpstream(t, hurtful)
  const at = 'http://app.localhost:PORT'
  const lab = await Lab.start(t, {
    apps: `
  - id: app
    url: "${at}"
    upstream: "UP"
    rules:
      - { path: /public/**, access: public }
      - { path: /admin/**, groups: [operators], access: mfa }
      - { path: /admin/**, access: deny }
      - { access: mfa }
  - { id: stage, url: "${at}/stage", upstream: "${stage.origin}" }`
  })
  await tryAll(t, [...messageRows(lab), ...upgradeRows(lab)])
})
