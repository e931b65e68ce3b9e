/** The rows H of docs/THREATS.md: invented identity headers, and the trust in forwarding headers. */
import t from 'tap'
import { startUpstream } from '../../fixtures/in-process/upstream.ts'
import { Lab } from '../../fixtures/in-process/wire.ts'
import { tryAll } from '../table.ts'
import { addressRows, balancer, trustedProxy } from './headers-address.ts'
import { connectionRows, nearPorts, stager } from './headers-connection.ts'
import { identityRows } from './headers-identity.ts'

t.test('headers', async t => {
  const stage = await startUpstream(t, stager)
  const near = await nearPorts(t)
  const at = 'http://app.localhost:PORT'
  const lab = await Lab.start(t, {
    extra: `trustedProxies: [${trustedProxy}/32]`,
    listen: `proxyProtocol: { from: [${balancer}] }`,
    apps: `
  - id: app
    url: "${at}"
    upstream: "UP"
    rules:
      - { path: /public/**, access: public }
      - { path: /admin/**, groups: [operators], access: mfa }
      - { path: /inside/**, networks: [10.0.0.0/8], access: public }
      - { access: mfa }
  - id: odd
    url: "${at}/odd"
    upstream: "UP"
    identityHeaders: { user: x-AUTH-user, name: null, email: x.mail.address, groups: X_Wiki_Groups }
  - { id: signed, url: "${at}/signed", upstream: "UP", assertion: true }
  - { id: broken, url: "${at}/broken", upstream: "DEAD" }
  - { id: stage, url: "${at}/stage", upstream: "${stage.origin}" }
  - { id: small, url: "${at}/small", upstream: "http://127.0.0.1:${near[0].port}" }
  - { id: large, url: "${at}/large", upstream: "http://127.0.0.1:${near[1].port}" }
  - { id: secure, url: "https://secure.lab.example", upstream: "OTHER" }`
  })
  await tryAll(t, [...identityRows(lab), ...addressRows(lab), ...connectionRows(lab, near)])
})
