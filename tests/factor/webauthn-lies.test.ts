/** The rows W of docs/THREATS.md: every dishonest answer is refused in the same words, and the honest one stays possible. */
import { randomBytes } from 'node:crypto'
import t from 'tap'
import { Authenticator, type Changes, cbor } from '../fixtures/in-process/authenticator.ts'
import { answer, ask, attempt, begin, enrol, flip, withKey } from '../fixtures/in-process/ceremonies.ts'
import { alice, bob, fixture, waitOut } from '../fixtures/in-process/factors.ts'

/** The answer without its wait, which depends on the count alone (FIELD N6). */
const saidOf = ({ waitSeconds: _, ...said }: { kind: string; waitSeconds?: number }) => said

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
        t.strictSame(saidOf(await attempt(at, changes, mode)), { kind: 'refused' }, `${algorithm} ${mode}: ${name}`)
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
  ['W13 a P-256 key as ES384', { cose: -35 }],
  ['W13 a P-256 key as EdDSA', { cose: -8 }],
  ['W13 a P-256 key as RS256', { cose: -257 }],
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
  const all = fixture()
  for (const [name, changes] of registrationLies) {
    all.time.advance(301)
    const { ceremony, options } = await begin(all)
    t.strictSame(
      saidOf(await enrol(all, ceremony, new Authenticator().register(options, changes))),
      { kind: 'refused' },
      name
    )
  }
  t.same(await all.credentials.list(alice.id), [])
  t.notOk((await all.store.dump()).includes('webauthn-id:'))
})

t.test('W11: the id is the one the authenticator signed, not the one the browser writes beside it', async t => {
  const all = fixture()
  const { ceremony, options } = await begin(all)
  const id = randomBytes(32).toString('base64url')
  const response = { ...new Authenticator().register(options), id, rawId: id }
  t.strictSame(saidOf(await enrol(all, ceremony, response)), { kind: 'refused' })
})

t.test('W11: an id of 1,023 bytes is accepted', async t => {
  const at = await withKey({ credentialId: randomBytes(1023) })
  t.equal((await attempt(at, {})).kind, 'verified')
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
    t.strictSame(saidOf(await answer(all, ceremony, response)), { kind: 'refused' }, name)
    const enrolment = await begin(all)
    t.strictSame(saidOf(await enrol(all, enrolment.ceremony, response)), { kind: 'refused' }, `${name}, enrolling`)
  }
  for (const ceremony of [undefined, null, '', 'x', 7, {}, 'A'.repeat(43), 'A'.repeat(100_000), '../session:1']) {
    waitOut(all.time)
    t.strictSame(
      saidOf(await answer(all, ceremony, good)),
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

t.test('W15: no bit of a right answer can be changed', async t => {
  const at = await withKey({ counts: false })
  let flips = 0
  for (const field of ['clientDataJSON', 'authenticatorData', 'signature'] as const) {
    const { length } = Buffer.from(at.key.assert((await ask(at.all)).options).response[field], 'base64url')
    for (let bit = 0; bit < length * 8; bit += field === 'signature' ? 3 : 11) {
      // Without this, a hundred failures would disable the key, and hide what comes after.
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
  const all = fixture()
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
