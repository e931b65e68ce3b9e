/** THREATS A5: every answer that is not the honest one is refused, in the same words, and leaves the honest one possible. */
import { randomBytes } from 'node:crypto'
import t from 'tap'
import { Authenticator, type AuthenticatorTraits, type Changes, cbor } from '../helpers/authenticator.ts'
import { alice, bob, checked, home, house, stranger, waitOut } from './house.ts'

type House = ReturnType<typeof house>
type Account = typeof alice

const begin = ({ webauthn }: House, account: Account = alice, binding = 's1') =>
  webauthn.registrationOptions(account, binding)
const ask = ({ webauthn }: House, accountId: string | null = alice.id, binding = 's1') =>
  webauthn.authenticationOptions({ accountId, binding })

function answer({ webauthn }: House, ceremony: unknown, response: unknown, change: object = {}) {
  const input = {
    accountId: alice.id as string | null,
    binding: 's1',
    ceremony,
    response,
    address: stranger(),
    ...change
  }
  return webauthn.authenticate(input as Parameters<typeof webauthn.authenticate>[0])
}

function enrol({ webauthn }: House, ceremony: unknown, response: unknown, change: object = {}) {
  const input = { account: alice, binding: 's1', ceremony, response, name: '', address: home, ...change }
  return webauthn.register(input as Parameters<typeof webauthn.register>[0])
}

async function withKey(traits: AuthenticatorTraits = {}, account: Account = alice, all = house()) {
  const key = new Authenticator(traits)
  const { ceremony, options } = await begin(all, account)
  const outcome = await enrol(all, ceremony, key.register(options), { account })
  if (outcome.kind !== 'enrolled') throw new Error(outcome.kind)
  return { all, key, credential: outcome.credential }
}

/** An assertion with these changes, in a fresh ceremony. */
async function attempt(
  { all, key }: { all: House; key: Authenticator },
  changes: Changes,
  mode: 'challenge' | 'login' = 'challenge'
) {
  const accountId = mode === 'login' ? null : alice.id
  const { ceremony, options } = await ask(all, accountId)
  return answer(all, ceremony, key.assert(options, changes), { accountId })
}

const flip = (at: number) => (bytes: Buffer) => {
  const changed = Buffer.from(bytes)
  changed[at < 0 ? changed.length + at : at]! ^= 1
  return changed
}

const lies: readonly (readonly [string, Changes])[] = [
  ['W3 a longer host', { origin: 'https://gate.example.evil' }],
  ['W3 plain http', { origin: 'http://gate.example' }],
  ['W3 another port', { origin: 'https://gate.example:444' }],
  ['W3 upper case', { origin: 'https://GATE.example' }],
  ['W3 null', { origin: 'null' }],
  ['W3 a sub-domain', { origin: 'https://app.gate.example' }],
  ['W3 a slash', { origin: 'https://gate.example/' }],
  ['W3 no origin', { clientData: { origin: undefined } }],
  ['W3 a list', { clientData: { origin: ['https://gate.example'] } }],
  ['W4 crossOrigin', { crossOrigin: true }],
  ['W4 crossOrigin in words', { crossOrigin: 'true' }],
  ['W4 crossOrigin null', { crossOrigin: null }],
  ['W4 topOrigin', { crossOrigin: true, topOrigin: 'https://example.com' }],
  ['W4 topOrigin alone', { topOrigin: 'https://example.com' }],
  ['W4 topOrigin of our own', { topOrigin: 'https://gate.example' }],
  ['W4 topOrigin null', { topOrigin: null }],
  ['W5 another RP', { rpId: 'evil.example' }],
  ['W5 a parent domain', { rpId: 'example' }],
  ['W6 nobody present', { userPresent: false }],
  ['W6 not verified', { userVerified: false }],
  ['W6 neither', { userPresent: false, userVerified: false }],
  ['W10 backed up but not eligible', { backedUp: true }],
  ['W12 another ceremony', { type: 'payment.get' }],
  ['W12 no ceremony', { clientData: { type: undefined } }],
  ['W2 another challenge', { challenge: randomBytes(32).toString('base64url') }],
  ['W2 an empty challenge', { challenge: '' }],
  ['W16 client data that is no JSON', { clientDataBytes: () => Buffer.from('{') }],
  ['W16 client data that is null', { clientDataBytes: () => Buffer.from('null') }],
  ['W16 client data that is a list', { clientDataBytes: () => Buffer.from('[]') }],
  ['W16 client data that is not UTF-8', { clientDataBytes: bytes => Buffer.concat([bytes, Buffer.from([0xff])]) }],
  ['W16 client data of a megabyte', { clientData: { padding: 'x'.repeat(1_000_000) } }],
  ['W16 nothing of the authenticator', { authenticatorData: () => Buffer.alloc(0) }],
  ['W16 too little of the authenticator', { authenticatorData: bytes => bytes.subarray(0, 36) }],
  ['W16 too much of the authenticator', { authenticatorData: bytes => Buffer.concat([bytes, Buffer.alloc(1)]) }],
  [
    'W16 extensions announced, none there',
    {
      authenticatorData: bytes =>
        Buffer.concat([bytes.subarray(0, 32), Buffer.from([bytes[32]! | 0x80]), bytes.subarray(33)])
    }
  ],
  ['W15 a flipped bit of the RP', { authenticatorDataSent: flip(0) }],
  ['W15 a flipped flag', { authenticatorDataSent: flip(32) }]
]

const assertionLies: readonly (readonly [string, Changes])[] = [
  ...lies,
  ['W15 client data of another spelling', { clientDataSent: bytes => Buffer.concat([bytes, Buffer.from(' ')]) }],
  ['W12 an enrolment', { type: 'webauthn.create' }],
  ['W15 a raised counter', { authenticatorDataSent: flip(36) }],
  ['W15 a flipped bit of the signature', { signatureSent: flip(-1) }],
  ['W15 a signature cut short', { signatureSent: bytes => bytes.subarray(0, -1) }],
  ['W15 an empty signature', { signatureSent: () => Buffer.alloc(0) }],
  ['W15 a signature of zeros', { signatureSent: bytes => Buffer.alloc(bytes.length) }],
  ['W15 a signature of r = s = 0', { signatureSent: () => Buffer.from('3006020100020100', 'hex') }],
  ['W15 a long signature', { signatureSent: bytes => Buffer.concat([bytes, Buffer.alloc(2000)]) }],
  ['W10 suddenly eligible', { backupEligible: true }],
  ['W10 suddenly eligible and backed up', { backupEligible: true, backedUp: true }],
  ["W7 another's user handle", { userHandle: bob.id }],
  ['W7 an unknown user handle', { userHandle: randomBytes(16).toString('base64url') }],
  ['W7 a user handle too long', { userHandle: 'A'.repeat(88) }],
  ['W8 a credential nobody has', { credentialId: randomBytes(32) }]
]

t.test('every lie in an assertion is refused, and the honest one still goes through', async t => {
  for (const algorithm of ['ES256', 'EdDSA', 'RS256'] as const) {
    const at = await withKey({ algorithm })
    for (const [name, changes] of assertionLies)
      for (const mode of ['challenge', 'login'] as const) {
        at.all.time.advance(301)
        t.strictSame(await attempt(at, changes, mode), { kind: 'refused' }, `${algorithm} ${mode}: ${name}`)
      }
    at.all.time.advance(301)
    t.equal((await attempt(at, {})).kind, 'verified', algorithm)
    t.equal((await attempt(at, {}, 'login')).kind, 'verified', algorithm)
    t.same(at.all.regressed, [], 'a lie is no sign of a copied key')
  }
})

const registrationLies: readonly (readonly [string, Changes])[] = [
  ...lies,
  ['W12 an assertion', { type: 'webauthn.get' }],
  ['W13 RS1', { cose: -65535 }],
  ['W13 Ed448', { cose: -53 }],
  ['W13 no algorithm', { cose: 0 }],
  ['W11 an id of 1,024 bytes', { credentialId: randomBytes(1024) }],
  ['W11 an empty id', { credentialId: Buffer.alloc(0) }],
  ['W14 a format nobody knows', { format: 'evil' }],
  ['W14 a format in other letters', { format: 'None' }],
  ['W14 a statement without a signature', { format: 'packed' }],
  ['W14 a TPM without a statement', { format: 'tpm' }],
  ['W16 an attestation that is no CBOR', { attestationObjectSent: () => Buffer.from('ff', 'hex') }],
  ['W16 an attestation that is a number', { attestationObjectSent: () => cbor(7) }],
  ['W16 an attestation that is empty', { attestationObjectSent: () => cbor(new Map()) }],
  ['W16 an attestation cut short', { attestationObjectSent: bytes => bytes.subarray(0, -9) }],
  ['W16 an attestation that nests without end', { attestationObjectSent: () => Buffer.alloc(30_000, 0x81) }],
  [
    'W16 an attestation that claims gigabytes',
    { attestationObjectSent: () => Buffer.from('5bffffffffffffffff', 'hex') }
  ],
  [
    'W16 an attestation of a megabyte',
    { attestationObjectSent: bytes => Buffer.concat([bytes, Buffer.alloc(1_000_000)]) }
  ],
  ['W16 transports that are none', { transports: 'usb' }],
  ['W16 transports without end', { transports: Array.from({ length: 1000 }, () => 'usb') }]
]

t.test('every lie in an enrolment is refused, and nothing is kept of it', async t => {
  const all = house()
  for (const [name, changes] of registrationLies) {
    all.time.advance(301)
    const { ceremony, options } = await begin(all)
    t.strictSame(await enrol(all, ceremony, new Authenticator().register(options, changes)), { kind: 'refused' }, name)
  }
  t.same(await all.credentials.list(alice.id), [])
  t.notOk((await all.store.dump()).includes('webauthn-id:'))
})

t.test('W11: the id is the one the authenticator signed, not the one the browser writes beside it', async t => {
  const all = house()
  const { ceremony, options } = await begin(all)
  const id = randomBytes(32).toString('base64url')
  const response = { ...new Authenticator().register(options), id, rawId: id }
  t.strictSame(await enrol(all, ceremony, response), { kind: 'refused' })
})

t.test('W11: an id of 1,023 bytes is accepted', async t => {
  const at = await withKey({ credentialId: randomBytes(1023) })
  t.equal((await attempt(at, {})).kind, 'verified')
})

t.test('W11: an id that is registered is refused, whoever has it', async t => {
  const at = await withKey()
  for (const account of [alice, bob]) {
    const { ceremony, options } = await begin(at.all, account)
    const again = new Authenticator({ credentialId: at.key.credentialId })
    t.equal((await enrol(at.all, ceremony, again.register(options), { account })).kind, 'refused', account.name)
  }
  t.equal((await attempt(at, {})).kind, 'verified', 'and its owner keeps it')
  t.same(await at.all.credentials.list(bob.id), [])
})

t.test('W16: what has another shape is refused before anything is computed', async t => {
  const { all, key } = await withKey()
  const { options } = await ask(all)
  const good = key.assert(options)
  const deep = JSON.parse(`${'['.repeat(5000)}${']'.repeat(5000)}`)
  const rows: [string, unknown][] = [
    ['nothing', undefined],
    ['null', null],
    ['a text', 'x'],
    ['a number', 7],
    ['a list', [good]],
    ['an empty object', {}],
    ['a deep list', deep],
    ['no inner response', { ...good, response: null }],
    ['id is not rawId', { ...good, rawId: 'AAAA' }],
    ['id is a number', { ...good, id: 1, rawId: 1 }],
    ['id with padding', { ...good, id: `${good.id}=`, rawId: `${good.id}=` }],
    ['id in the other alphabet', { ...good, id: '+/+/', rawId: '+/+/' }],
    ['id of another spelling', { ...good, id: 'AB', rawId: 'AB' }],
    ['another type', { ...good, type: 'password' }],
    ['no signature', { ...good, response: { ...good.response, signature: undefined } }],
    ['a signature that is bytes', { ...good, response: { ...good.response, signature: { 0: 1 } } }],
    ['a user handle that is an object', { ...good, response: { ...good.response, userHandle: {} } }],
    ['a user handle that is a number', { ...good, response: { ...good.response, userHandle: 0 } }],
    ['client data of a megabyte', { ...good, response: { ...good.response, clientDataJSON: 'A'.repeat(1_000_000) } }]
  ]
  for (const [name, response] of rows) {
    waitOut(all.time)
    const { ceremony } = await ask(all)
    const began = performance.now()
    t.strictSame(await answer(all, ceremony, response), { kind: 'refused' }, name)
    t.ok(performance.now() - began < 500, `${name}: at once`)
    const enrolment = await begin(all)
    t.strictSame(await enrol(all, enrolment.ceremony, response), { kind: 'refused' }, `${name}, enrolling`)
  }
  for (const ceremony of [undefined, null, '', 'x', 7, {}, 'A'.repeat(43), 'A'.repeat(100_000), '../session:1']) {
    waitOut(all.time)
    t.strictSame(
      await answer(all, ceremony, good),
      { kind: 'refused' },
      `ceremony ${JSON.stringify(ceremony)?.slice(0, 20)}`
    )
    t.strictSame(await enrol(all, ceremony, good), { kind: 'expired' })
  }
})

t.test('W16: a byte order mark before the client data is dropped, as the standard has it', async t => {
  const at = await withKey()
  const marked = (bytes: Buffer) => Buffer.concat([Buffer.from('\ufeff'), bytes])
  t.equal((await attempt(at, { clientDataBytes: marked })).kind, 'verified')
  t.equal(
    (await attempt(at, { clientDataBytes: bytes => marked(Buffer.from(bytes.toString().replace('false', 'true'))) }))
      .kind,
    'refused'
  )
})

t.test('W1: a challenge is spent by its first answer, right or wrong', async t => {
  const at = await withKey()
  const { ceremony, options } = await ask(at.all)
  const right = at.key.assert(options)
  t.equal((await answer(at.all, ceremony, right)).kind, 'verified')
  t.equal((await answer(at.all, ceremony, right)).kind, 'refused', 'replayed')
  t.equal((await answer(at.all, ceremony, at.key.assert(options))).kind, 'refused', 'signed anew')
  const second = await ask(at.all)
  t.equal((await answer(at.all, second.ceremony, {})).kind, 'refused')
  t.equal(
    (await answer(at.all, second.ceremony, at.key.assert(second.options))).kind,
    'refused',
    'after a wrong answer'
  )
})

t.test('W1: of four answers to one challenge at once, one is let in', async t => {
  const at = await withKey({ counts: false })
  const { ceremony, options } = await ask(at.all)
  const response = at.key.assert(options)
  // As many as the limiter lets through at once, so that it does not hide the race.
  const verdicts = await Promise.all(Array.from({ length: 4 }, () => answer(at.all, ceremony, response)))
  t.equal(verdicts.filter(({ kind }) => kind === 'verified').length, 1)
  const enrolment = await begin(at.all)
  const registration = new Authenticator().register(enrolment.options)
  const outcomes = await Promise.all(Array.from({ length: 4 }, () => enrol(at.all, enrolment.ceremony, registration)))
  t.equal(outcomes.filter(({ kind }) => kind === 'enrolled').length, 1)
})

t.test('W2, W20: a challenge belongs to its session, its account and its purpose', async t => {
  const at = await withKey({ counts: false })
  const { all, key } = at
  const rows: [string, () => Promise<{ kind: string }>][] = [
    [
      'another session',
      async () => {
        const { ceremony, options } = await ask(all)
        return answer(all, ceremony, key.assert(options), { binding: 's2' })
      }
    ],
    [
      'another account',
      async () => {
        const { ceremony, options } = await ask(all)
        return answer(all, ceremony, key.assert(options, { userHandle: null }), { accountId: bob.id })
      }
    ],
    [
      'a challenge used to sign in',
      async () => {
        const { ceremony, options } = await ask(all)
        return answer(all, ceremony, key.assert(options), { accountId: null })
      }
    ],
    [
      'a sign-in used as a challenge',
      async () => {
        const { ceremony, options } = await ask(all, null)
        return answer(all, ceremony, key.assert(options))
      }
    ],
    [
      'an enrolment used as a challenge',
      async () => {
        const { ceremony, options } = await begin(all)
        return answer(all, ceremony, key.assert({ challenge: options.challenge, rpId: 'gate.example' }))
      }
    ],
    [
      'a TOTP enrolment used as a challenge',
      async () => {
        const { ceremony } = await all.totp.begin(alice, 's1')
        const { options } = await ask(all)
        return answer(all, ceremony, key.assert(options))
      }
    ],
    [
      'five minutes later',
      async () => {
        const { ceremony, options } = await ask(all)
        all.time.advance(301)
        return answer(all, ceremony, key.assert(options))
      }
    ]
  ]
  for (const [name, run] of rows) {
    waitOut(all.time)
    t.strictSame(await run(), { kind: 'refused' }, name)
  }
  const enrolments: [string, object, number][] = [
    ['another session', { binding: 's2' }, 0],
    ['another account', { account: bob }, 0],
    ['five minutes later', {}, 301]
  ]
  for (const [name, change, seconds] of enrolments) {
    const { ceremony, options } = await begin(all)
    all.time.advance(seconds)
    t.strictSame(await enrol(all, ceremony, new Authenticator().register(options), change), { kind: 'expired' }, name)
  }
  const { ceremony, options } = await ask(all)
  const asked = { challenge: options.challenge, rp: { id: 'gate.example' }, user: { id: alice.id } }
  t.strictSame(
    await enrol(all, ceremony, new Authenticator().register(asked)),
    { kind: 'expired' },
    'a challenge used to enrol'
  )
  waitOut(all.time)
  t.equal((await attempt(at, {})).kind, 'verified')
})

t.test('W6: the policy is the one of the beginning, whatever the browser made of the options', async t => {
  const at = await withKey()
  const { ceremony, options } = await ask(at.all)
  Object.assign(options, { userVerification: 'discouraged' })
  t.equal((await answer(at.all, ceremony, at.key.assert(options, { userVerified: false }))).kind, 'refused')
})

t.test("W7: nobody's credential opens another's account", async t => {
  const { all, key } = await withKey()
  const theirs = await withKey({}, bob, all)
  const { ceremony, options } = await ask(all)
  t.equal((await answer(all, ceremony, theirs.key.assert(options))).kind, 'refused', "bob's key in alice's challenge")
  const again = await ask(all)
  t.equal(
    (await answer(all, again.ceremony, theirs.key.assert(again.options, { userHandle: alice.id }))).kind,
    'refused',
    'with her handle'
  )
  const third = await ask(all)
  const mixed = theirs.key.assert(third.options, { credentialId: key.credentialId, userHandle: alice.id })
  t.equal((await answer(all, third.ceremony, mixed)).kind, 'refused', 'with her id')
  waitOut(all.time)
  const login = await ask(all, null)
  t.equal(
    (await answer(all, login.ceremony, theirs.key.assert(login.options, { userHandle: alice.id }), { accountId: null }))
      .kind,
    'refused',
    'as a passkey'
  )
  const without = await ask(all, null)
  t.equal(
    (await answer(all, without.ceremony, key.assert(without.options, { userHandle: null }), { accountId: null })).kind,
    'refused',
    'a passkey that does not say whose it is'
  )
  const empty = await ask(all, null)
  t.equal(
    (await answer(all, empty.ceremony, key.assert(empty.options, { userHandle: '' }), { accountId: null })).kind,
    'refused'
  )
  const beside = await ask(all)
  t.equal(
    (await answer(all, beside.ceremony, key.assert(beside.options, { userHandle: null }))).kind,
    'verified',
    'beside a password it need not say'
  )
})

t.test('W8: what was not asked for does not answer', async t => {
  const { all, key, credential } = await withKey()
  const { ceremony, options } = await ask(all)
  const late = await withKey({}, alice, all)
  t.equal((await answer(all, ceremony, late.key.assert(options))).kind, 'refused', 'enrolled after the question')
  const second = await ask(all)
  await all.credentials.remove(alice.id, credential.id)
  t.equal(
    (await answer(all, second.ceremony, key.assert(second.options))).kind,
    'refused',
    'removed after the question'
  )
  const third = await ask(all)
  await all.credentials.disable(alice.id, late.credential.id)
  t.equal(
    (await answer(all, third.ceremony, late.key.assert(third.options))).kind,
    'refused',
    'disabled after the question'
  )
})

t.test('W9: counters', async t => {
  const rows: [number, number, string][] = [
    [0, 0, 'verified'],
    [0, 1, 'verified'],
    [5, 6, 'verified'],
    [5, 4_294_967_295, 'verified'],
    [5, 5, 'refused'],
    [5, 4, 'refused'],
    [5, 0, 'refused']
  ]
  for (const [stored, said, kind] of rows) {
    const at = await withKey({ counts: false })
    at.key.counter = stored
    if (stored > 0) t.equal((await attempt(at, {})).kind, 'verified')
    t.equal((await attempt(at, { counter: said })).kind, kind, `${stored} → ${said}`)
    const isTold = kind === 'refused'
    t.match(
      at.all.regressed,
      isTold ? [{ accountId: alice.id, factor: 'webauthn', credentialId: at.credential.id }] : []
    )
    t.equal(at.all.regressed.length, isTold ? 1 : 0)
    t.match(await at.all.credentials.list(alice.id), [{ counter: isTold ? stored : said }], 'a refusal changes nothing')
  }
})

t.test('W9: a counter that goes back counts as told only under a right signature', async t => {
  const at = await withKey()
  at.key.counter = 9
  await attempt(at, {})
  await attempt(at, { counter: 1, signatureSent: flip(-1) })
  t.same(at.all.regressed, [])
})

t.test('W9: of two assertions with one counter at once, one is let in', async t => {
  const at = await withKey({ counts: false })
  at.key.counter = 7
  const one = await ask(at.all)
  const two = await ask(at.all)
  const verdicts = await Promise.all(
    [one, two].map(({ ceremony, options }) => answer(at.all, ceremony, at.key.assert(options)))
  )
  t.equal(verdicts.filter(({ kind }) => kind === 'verified').length, 1)
})

t.test('a hundred failures of who has the password disable a key; those of a stranger never do', async t => {
  const at = await withKey()
  const wrong = { signatureSent: flip(-1) }
  for (let i = 0; i < 120; i++) {
    waitOut(at.all.time)
    await attempt(at, wrong, 'login')
  }
  t.same(at.all.disabled, [])
  for (let i = 0; i < 99; i++) {
    waitOut(at.all.time)
    await attempt(at, wrong)
  }
  t.same(at.all.disabled, [])
  waitOut(at.all.time)
  await attempt(at, wrong)
  t.match(at.all.disabled, [{ credentialId: at.credential.id, factor: 'webauthn' }])
  waitOut(at.all.time)
  t.equal((await attempt(at, {})).kind, 'refused')
  t.equal((await attempt(at, {}, 'login')).kind, 'refused')
})

t.test('guesses are throttled: beside a password for the account, as a passkey for the address', async t => {
  const at = await withKey()
  const answers = await Promise.all(
    Array.from({ length: 50 }, async () => answer(at.all, (await ask(at.all)).ceremony, {}))
  )
  t.equal(checked(answers), 4)
  const address = '203.0.113.9'
  const logins = await Promise.all(
    Array.from({ length: 50 }, async () =>
      answer(at.all, (await ask(at.all, null)).ceremony, {}, { accountId: null, address })
    )
  )
  t.equal(checked(logins), 21)
  t.equal((await attempt(at, {}, 'login')).kind, 'verified', 'from anywhere else the passkey works')
})

t.test('D2: without the store nothing is verified, and nothing that the library throws escapes', async t => {
  const at = await withKey()
  const { ceremony, options } = await ask(at.all)
  at.all.store.isDown = true
  await t.rejects(answer(at.all, ceremony, at.key.assert(options)), { name: 'StoreUnreachable' })
  await t.rejects(begin(at.all), { name: 'StoreUnreachable' })
})

t.test('W15: no bit of a right answer can be changed', async t => {
  const at = await withKey({ counts: false })
  let flips = 0
  for (const field of ['clientDataJSON', 'authenticatorData', 'signature'] as const) {
    const { length } = Buffer.from(at.key.assert((await ask(at.all)).options).response[field], 'base64url')
    for (let bit = 0; bit < length * 8; bit += field === 'signature' ? 3 : 11) {
      // Otherwise a hundred in a row would disable the key, and hide what comes after.
      if (flips++ % 80 === 0) {
        waitOut(at.all.time)
        t.equal((await attempt(at, {})).kind, 'verified')
      }
      waitOut(at.all.time)
      const { ceremony, options } = await ask(at.all)
      const response = at.key.assert(options)
      const bytes = Buffer.from(response.response[field], 'base64url')
      if (bytes.length <= bit >> 3) continue
      bytes[bit >> 3]! ^= 1 << (bit & 7)
      response.response[field] = bytes.toString('base64url')
      const { kind } = await answer(at.all, ceremony, response)
      if (kind !== 'refused') t.fail(`${field}, bit ${bit}: ${kind}`)
    }
  }
  t.ok(flips > 250, `${flips} bits`)
})

t.test('W15: no byte of what a self attestation signs can be changed', async t => {
  const all = house()
  for (let at = 0; at < 164; at++) {
    waitOut(all.time)
    const { ceremony, options } = await begin(all)
    const changes: Changes = { attestation: 'self', authenticatorDataSent: flip(at) }
    const { kind } = await enrol(all, ceremony, new Authenticator().register(options, changes))
    if (kind !== 'refused') t.fail(`byte ${at}: ${kind}`)
  }
  t.same(await all.credentials.list(alice.id), [])
})

t.test('W15: a right ECDSA signature in another spelling is refused', async t => {
  const at = await withKey({ counts: false })
  const parts = (bytes: Buffer) => {
    const r = bytes.subarray(2, 4 + bytes[3]!)
    return { r, s: bytes.subarray(2 + r.length) }
  }
  const spellings: [string, (bytes: Buffer) => Buffer][] = [
    ['a long length', bytes => Buffer.concat([Buffer.from([0x30, 0x81, bytes[1]!]), bytes.subarray(2)])],
    ['an endless length', bytes => Buffer.concat([Buffer.from([0x30, 0x80]), bytes.subarray(2), Buffer.alloc(2)])],
    ['another tag', bytes => Buffer.concat([Buffer.from([0xb0]), bytes.subarray(1)])],
    ['a byte after it', bytes => Buffer.concat([bytes, Buffer.alloc(1)])],
    [
      'a byte after it, counted',
      bytes => Buffer.concat([Buffer.from([0x30, bytes[1]! + 1]), bytes.subarray(2), Buffer.alloc(1)])
    ],
    [
      'a zero before r',
      bytes => {
        const { r, s } = parts(bytes)
        const longer = Buffer.concat([Buffer.from([2, r[1]! + 1, 0]), r.subarray(2)])
        return Buffer.concat([Buffer.from([0x30, longer.length + s.length]), longer, s])
      }
    ],
    [
      'without DER',
      bytes => {
        const { r, s } = parts(bytes)
        const bare = (part: Buffer) => Buffer.concat([Buffer.alloc(32), part.subarray(2)]).subarray(-32)
        return Buffer.concat([bare(r), bare(s)])
      }
    ]
  ]
  for (const [name, signatureSent] of spellings) {
    waitOut(at.all.time)
    t.equal((await attempt(at, { signatureSent })).kind, 'refused', name)
  }
  waitOut(at.all.time)
  t.equal(
    (await attempt(at, { signatureSent: bytes => Buffer.concat([Buffer.from([0x30, bytes[1]!]), bytes.subarray(2)]) }))
      .kind,
    'verified'
  )
})
