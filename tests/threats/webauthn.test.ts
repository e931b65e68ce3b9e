/** THREATS A5: passkeys and security keys, by an authenticator in software that tells any lie, against one running gate. */
import t from 'tap'
import { House } from './house.ts'
import { tryAll } from './table.ts'
import { byteRows } from './webauthn-bytes.ts'
import { ceremonyRows } from './webauthn-ceremonies.ts'
import { claimRows } from './webauthn-claims.ts'

t.test('A5 WebAuthn', async t => {
  const house = await House.start(t, { extra: 'session: { maxPerUser: 500 }' })
  await tryAll(t, [...ceremonyRows(house), ...claimRows(house), ...byteRows(house)])
})
