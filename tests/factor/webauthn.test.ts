/** WebAuthn as people use it: they enrol, confirm, and sign in with a passkey alone. */
import t from 'tap'
import { authenticatorTypeOf, modelName } from '../../src/factor/authenticator-names.ts'
import { Authenticator, type AuthenticatorTraits } from '../fixtures/in-process/authenticator.ts'
import { alice, bob, fixture, home } from '../fixtures/in-process/factors.ts'

type Fixture = ReturnType<typeof fixture>

async function enrol({ webauthn }: Fixture, traits: AuthenticatorTraits = {}, name = '', account = alice) {
  const key = new Authenticator(traits)
  const { ceremony, options } = await webauthn.registrationOptions(account, 's1')
  const response = key.register(options)
  const outcome = await webauthn.register({ account, binding: 's1', ceremony, response, name, address: home })
  if (outcome.kind !== 'enrolled' || outcome.credential.kind !== 'webauthn') throw new Error(outcome.kind)
  return { key, credential: outcome.credential }
}

async function challenge({ webauthn }: Fixture, key: Authenticator, accountId: string | null = alice.id) {
  const { ceremony, options } = await webauthn.authenticationOptions({ accountId, binding: 's1' })
  return webauthn.authenticate({ accountId, binding: 's1', ceremony, response: key.assert(options), address: home })
}

t.test('every algorithm that is offered enrols, confirms and signs in', async t => {
  for (const algorithm of ['ES256', 'ES384', 'EdDSA', 'RS256'] as const) {
    const all = fixture()
    const { key, credential } = await enrol(all, { algorithm })
    t.match(credential, {
      kind: 'webauthn',
      accountId: alice.id,
      credentialId: key.id,
      uvInitialized: true,
      lastUsedAt: null
    })
    all.time.advance(60)
    t.strictSame(
      await challenge(all, key),
      {
        kind: 'verified',
        accountId: alice.id,
        factor: 'webauthn',
        credentialId: credential.id,
        credentialName: 'key',
        userVerified: true
      },
      algorithm
    )
    t.match(
      await challenge(all, key, null),
      { kind: 'verified', accountId: alice.id, userVerified: true },
      'as a passkey'
    )
    t.match(await all.credentials.list(alice.id), [{ lastUsedAt: all.time.now, lastUsedFrom: home, counter: 2 }])
  }
})

t.test('self attestation is checked and taken', async t => {
  const all = fixture()
  const key = new Authenticator()
  for (const [change, kind] of [
    [{}, 'enrolled'],
    [
      {
        authenticatorDataSent: (bytes: Buffer) =>
          Buffer.concat([bytes.subarray(0, 36), Buffer.from([9]), bytes.subarray(37)])
      },
      'refused'
    ]
  ] as const) {
    const { ceremony, options } = await all.webauthn.registrationOptions(alice, 's1')
    const response = key.register(options, { attestation: 'self', credentialId: Buffer.from(kind), ...change })
    const outcome = await all.webauthn.register({
      account: alice,
      binding: 's1',
      ceremony,
      response,
      name: '',
      address: home
    })
    t.equal(outcome.kind, kind)
  }
})

t.test('the options of an enrolment', async t => {
  const all = fixture()
  const { credential } = await enrol(all, { transports: ['internal', 'hybrid'] })
  const { options } = await all.webauthn.registrationOptions(alice, 's1')
  t.match(options, {
    rp: { id: 'gate.example', name: 'Example Lab' },
    user: { id: alice.id, name: 'alice', displayName: 'Alice' },
    attestation: 'none',
    timeout: 300_000,
    authenticatorSelection: { residentKey: 'preferred', userVerification: 'required' }
  })
  t.same(
    options.pubKeyCredParams.map(({ alg }) => alg),
    [-8, -7, -257, -35, -36]
  )
  t.same(options.excludeCredentials, [
    { id: credential.credentialId, transports: ['hybrid', 'internal'], type: 'public-key' }
  ])
  t.equal(Buffer.from(options.user.id, 'base64url').length, 16, 'no name or address in the user handle')
})

t.test('the options of a challenge name the usable credentials of that person', async t => {
  const all = fixture()
  const { credential } = await enrol(all)
  const second = await enrol(all)
  await enrol(all, {}, '', bob)
  await all.credentials.disable(alice.id, second.credential.id)
  const { options } = await all.webauthn.authenticationOptions({ accountId: alice.id, binding: 's1' })
  t.same(
    options.allowCredentials?.map(({ id }) => id),
    [credential.credentialId]
  )
  t.match(options, { rpId: 'gate.example', userVerification: 'required' })
})

t.test(
  'W17: the options of a passkey sign-in name nobody and ask for verification whatever the configuration says',
  async t => {
    const all = fixture({ webauthn: { userVerification: 'discouraged' } })
    const without = (await all.webauthn.authenticationOptions({ accountId: null, binding: 'n1' })).options
    await enrol(all)
    const { options } = await all.webauthn.authenticationOptions({ accountId: null, binding: 'n1' })
    t.same(options.allowCredentials, [])
    t.equal(options.userVerification, 'required')
    t.same({ ...options, challenge: '' }, { ...without, challenge: '' }, 'enrolling somebody changes nothing')
  }
)

t.test('W18: challenges have 256 bits, and of two thousand no two are alike', async t => {
  const { webauthn } = fixture()
  const seen = new Set<string>()
  for (let round = 0; round < 20; round++) {
    const many = await Promise.all(
      Array.from({ length: 100 }, () => webauthn.authenticationOptions({ accountId: null, binding: 'n' }))
    )
    for (const { options } of many) seen.add(options.challenge)
  }
  t.equal(seen.size, 2000)
  for (const challenge of seen) if (Buffer.from(challenge, 'base64url').length !== 32) t.fail(challenge)
})

t.test('without required verification a touch is enough beside a password, never alone', async t => {
  const all = fixture({ webauthn: { userVerification: 'preferred' } })
  const { key, credential } = await enrol(all, { userVerifies: false })
  t.equal(credential.uvInitialized, false)
  t.match(await challenge(all, key), { kind: 'verified', userVerified: false })
  t.match(await challenge(all, key, null), { kind: 'refused' }, 'not verified')
  const { ceremony, options } = await all.webauthn.authenticationOptions({ accountId: null, binding: 's1' })
  const response = key.assert(options, { userVerified: true })
  t.match(
    await all.webauthn.authenticate({ accountId: null, binding: 's1', ceremony, response, address: home }),
    { kind: 'refused' },
    'a PIN that a thief set proves nothing'
  )
  const beside = await all.webauthn.authenticationOptions({ accountId: alice.id, binding: 's1' })
  const verified = await all.webauthn.authenticate({
    accountId: alice.id,
    binding: 's1',
    ceremony: beside.ceremony,
    response: key.assert(beside.options, { userVerified: true }),
    address: home
  })
  t.match(verified, { kind: 'verified', userVerified: true }, 'beside the password it is initialised')
  const login = await all.webauthn.authenticationOptions({ accountId: null, binding: 's1' })
  const alone = key.assert(login.options, { userVerified: true })
  t.match(
    await all.webauthn.authenticate({
      accountId: null,
      binding: 's1',
      ceremony: login.ceremony,
      response: alone,
      address: home
    }),
    { kind: 'verified' },
    'and from then on is a whole sign-in'
  )
})

t.test('several keys, and the names they get', async t => {
  const all = fixture()
  const rows: [AuthenticatorTraits, string, string][] = [
    [{ aaguid: 'fbfc3007-154e-4ecc-8c0b-6e020557d7bd', backupEligible: true, backedUp: true }, '', 'Apple Passwords'],
    [{ aaguid: '2fc0579f-8113-47ea-b116-bb5a8db9202a' }, '', 'YubiKey 5 NFC'],
    [{ transports: ['internal'] }, '', 'device'],
    [{ backupEligible: true }, '', 'passkey'],
    [{}, '', 'key'],
    [{}, '  My  key ', 'My key']
  ]
  for (const [traits, name, expected] of rows) {
    const { key, credential } = await enrol(all, traits, name)
    t.equal(credential.name, expected)
    t.match(await challenge(all, key), { kind: 'verified', credentialName: expected })
  }
  t.equal((await all.credentials.list(alice.id)).length, rows.length)
  for (const aaguid of ['', 'constructor', '__proto__', 'FBFC3007-154E-4ECC-8C0B-6E020557D7BD'])
    t.equal(modelName(aaguid), aaguid.startsWith('FB') ? 'Apple Passwords' : null)
  t.equal(authenticatorTypeOf({ transports: ['internal', 'hybrid'], backupEligible: true }), 'passkey')
})

t.test('an account has room for sixteen', async t => {
  const all = fixture()
  for (let i = 0; i < 16; i++) await enrol(all)
  await t.rejects(enrol(all), { message: 'refused' })
})

t.test('a passkey that does not count and one that is backed up later stay good', async t => {
  const all = fixture()
  const { key } = await enrol(all, { counts: false, backupEligible: true })
  for (let i = 0; i < 3; i++) t.equal((await challenge(all, key)).kind, 'verified')
  const { ceremony, options } = await all.webauthn.authenticationOptions({ accountId: alice.id, binding: 's1' })
  const response = key.assert(options, { backedUp: true })
  t.equal(
    (await all.webauthn.authenticate({ accountId: alice.id, binding: 's1', ceremony, response, address: home })).kind,
    'verified'
  )
  t.match(await all.credentials.list(alice.id), [{ counter: 0, backedUp: true }])
})
