/**
 * The rows W of docs/THREATS.md: passkeys and security keys, by a software authenticator that makes any false claim, against a running gate
 * (../stores.ts).
 */
import t from 'tap'
import { onBothStores } from '../stores.ts'
import { byteRows } from './webauthn-bytes.ts'
import { ceremonyRows } from './webauthn-ceremonies.ts'
import { claimRows } from './webauthn-claims.ts'

t.test('WebAuthn', { timeout: 120_000 }, async t => {
  await onBothStores(t, { extra: 'session: { maxPerUser: 500 }' }, fixture => [
    ...ceremonyRows(fixture),
    ...claimRows(fixture),
    ...byteRows(fixture)
  ])
})
