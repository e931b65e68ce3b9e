/** The keyring: a sealed text opens only for its context and key, and MACs and signatures outlive a rotation. */
import { createPublicKey, type JsonWebKey, sign, verify } from 'node:crypto'
import t from 'tap'
import { KeyringError, makeKeyring, masterKey, newMasterKey, sealedBy } from '../../src/keyring/keyring.ts'

const old = masterKey(Buffer.alloc(32, 1))
const fresh = masterKey(Buffer.alloc(32, 2))

t.test('what is sealed opens for the same context', async t => {
  const ring = makeKeyring([old])
  for (const plain of ['', 'JBSWY3DPEHPK3PXP', 'ünïcödé 🔑', 'x'.repeat(10_000)])
    t.equal(ring.open(ring.seal(plain, 'totp:1'), 'totp:1'), plain)
  t.match(ring.seal('x', 'c'), /^v1\.[A-Za-z0-9_-]{11}\.[A-Za-z0-9_-]+$/)
  t.not(ring.seal('x', 'c'), ring.seal('x', 'c'), 'the same text is sealed differently every time')
  t.notOk(ring.seal('JBSWY3DPEHPK3PXP', 'c').includes('JBSWY3DP'))
})

t.test('nothing else opens', async t => {
  const ring = makeKeyring([old])
  const sealed = ring.seal('secret', 'totp:1')
  const [version = '', id = '', box = ''] = sealed.split('.')
  const flipped = Buffer.from(box, 'base64url')
  const rows: [string, string, string][] = [
    ['another context', sealed, 'totp:2'],
    ['another version', `v2.${id}.${box}`, 'totp:1'],
    ['a key that is not in the ring', `${version}.${fresh.id}.${box}`, 'totp:1'],
    ['a cut text', sealed.slice(0, -8), 'totp:1'],
    ['an empty text', '', 'totp:1'],
    ['a short text', `${version}.${id}.AAAA`, 'totp:1'],
    ['a plain text', 'JBSWY3DPEHPK3PXP', 'totp:1']
  ]
  for (const [name, text, context] of rows) t.throws(() => ring.open(text, context), KeyringError, name)
  for (let i = 0; i < flipped.length; i++) {
    flipped[i]! ^= 1
    t.throws(() => ring.open(`${version}.${id}.${flipped.toString('base64url')}`, 'totp:1'), KeyringError, `byte ${i}`)
    flipped[i]! ^= 1
  }
})

t.test('a text sealed under one key is not passed off as another key of the ring', async t => {
  const sealed = makeKeyring([old]).seal('secret', 'c')
  t.throws(() => makeKeyring([fresh, old]).open(sealed.replace(old.id, fresh.id), 'c'), KeyringError)
})

t.test('after a rotation the old texts open, and the new key seals', async t => {
  const before = makeKeyring([old])
  const after = makeKeyring([fresh, old])
  const retired = makeKeyring([fresh])
  const sealed = before.seal('secret', 'c')
  t.equal(after.open(sealed, 'c'), 'secret')
  t.equal(after.currentKeyId, fresh.id)
  t.equal(sealedBy(after.seal('secret', 'c')), fresh.id)
  t.throws(() => retired.open(sealed, 'c'), { message: new RegExp(old.id) }, 'the message names the key it asks for')
  t.equal(sealedBy('nothing sealed'), null)
})

t.test('a mark is checked against every key, and holds for its purpose alone', async t => {
  const mark = makeKeyring([old]).mac('csrf', 'nonce.token')
  const after = makeKeyring([fresh, old])
  t.ok(after.verifyMac('csrf', 'nonce.token', mark))
  t.notOk(after.verifyMac('csrf', 'nonce.other', mark))
  t.notOk(after.verifyMac('state', 'nonce.token', mark))
  t.notOk(makeKeyring([fresh]).verifyMac('csrf', 'nonce.token', mark))
  for (const wrong of ['', mark.slice(1), `${mark}=`, mark.toUpperCase(), 'x'.repeat(1_000_000)])
    t.notOk(after.verifyMac('csrf', 'nonce.token', wrong))
})

t.test('the signing key is derived: the same from the same key, and its public half is in the JWKS', async t => {
  const ring = makeKeyring([fresh, old])
  const data = Buffer.from('header.claims')
  const signature = sign(null, data, ring.signingKey.privateKey)
  t.same(signature, sign(null, data, makeKeyring([fresh]).signingKey.privateKey), 'a restart changes nothing')
  const keys = ring.publicJwks.keys as (JsonWebKey & { kid: string })[]
  t.same(
    keys.map(key => key.kid),
    [fresh.id, old.id]
  )
  t.equal(ring.signingKey.kid, fresh.id)
  const [first, second] = keys.map(key => createPublicKey({ key, format: 'jwk' }))
  t.ok(verify(null, data, first!, signature))
  t.notOk(verify(null, data, second!, signature))
  t.strictSame(Object.keys(keys[0]!).sort(), ['alg', 'crv', 'kid', 'kty', 'use', 'x'], 'nothing private in it')
})

t.test('keys are of 256 bits, and no two are alike', async t => {
  t.equal(new Set(Array.from({ length: 1000 }, () => newMasterKey().id)).size, 1000)
  t.throws(() => masterKey(Buffer.alloc(16)), KeyringError)
  t.throws(() => makeKeyring([]), KeyringError)
})
