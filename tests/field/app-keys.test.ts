/** FIELD A9, F16: what `check` says about the keys of an app that tell what passes and whom the gate trusts. */
import t from 'tap'
import { read, said } from '../config/read.ts'

const app = (more: string) =>
  `apps:\n  - { id: one, url: https://one.lab.example, upstream: http://10.1.1.1, ${more} }\n`

t.test('FIELD A9 headers that may not pass are named with their place', async t => {
  const table: [string, string][] = [
    [
      'identityHeaders: { user: X-User-Id }, passHeaders: [x_user_id]',
      '2:125  apps[0].passHeaders[0]  must not pass, because the app gets this header from the gate (apps[0].identityHeaders.user)'
    ],
    [
      'passHeaders: [X-Forwarded-User]',
      "2:87  apps[0].passHeaders[0]  must not be a header that only the gate or a proxy sets: apps believe it without any secret, got 'X-Forwarded-User'"
    ],
    [
      'passHeaders: [X-User-Id]',
      '2:87  apps[0].passHeaders[0]  clients can send any value in this header: use it only if the app also checks a secret of its own'
    ]
  ]
  for (const [text, expected] of table) t.same(said(read(app(text))), [expected])
})
