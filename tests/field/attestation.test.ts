/** FIELD G14: what is not judged of an attestation statement is no reason to refuse a device (WebAuthn L3 §7.1); a statement that is none of its format still is. */
import { execFileSync } from 'node:child_process'
import { constants, createPrivateKey, sign, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { Authenticator, type Changes } from '../fixtures/in-process/authenticator.ts'
import { alice, fixture, home } from '../fixtures/in-process/factors.ts'
import { selfMadeMaker } from '../threats/w/attestation.ts'

const bytes = (length: number) => Buffer.alloc(length, 7)
const statement = (entries: Record<string, unknown>) => () => new Map(Object.entries(entries))
const tpm = {
  ver: '2.0',
  alg: -257,
  x5c: [bytes(900), bytes(800)],
  sig: bytes(256),
  certInfo: bytes(161),
  pubArea: bytes(118)
}
const safetyNet = { ver: '223616036', response: bytes(4000) }

async function enrol(attestation: 'none' | 'direct' | 'enterprise', changes: Changes) {
  const all = fixture({ webauthn: { attestation } })
  const key = new Authenticator({ aaguid: '08987058-cadc-4b81-b6e1-30de50dcbe96' })
  const { ceremony, options } = await all.webauthn.registrationOptions(alice, 's1')
  const response = key.register(options, changes)
  const outcome = await all.webauthn.register({
    account: alice,
    binding: 's1',
    ceremony,
    response,
    name: '',
    address: home
  })
  if (outcome.kind !== 'enrolled') return outcome.kind
  const asked = await all.webauthn.authenticationOptions({ accountId: alice.id, binding: 's1' })
  const answer = { ceremony: asked.ceremony, response: key.assert(asked.options) }
  return (await all.webauthn.authenticate({ accountId: alice.id, binding: 's1', ...answer, address: home })).kind
}

const real: [string, Changes][] = [
  ['a TPM of a maker we do not know', { format: 'tpm', statement: statement(tpm) }],
  ['a TPM with one certificate', { format: 'tpm', statement: statement({ ...tpm, x5c: [bytes(900)] }) }],
  [
    'an Apple device whose chain is long',
    { format: 'apple', statement: statement({ x5c: [bytes(600), bytes(700), bytes(500)] }) }
  ],
  ['an Android telephone by SafetyNet', { format: 'android-safetynet', statement: statement(safetyNet) }],
  ['a U2F key with an AAGUID', { format: 'fido-u2f', statement: statement({ x5c: [bytes(500)], sig: bytes(71) }) }],
  [
    'a compound of a TPM and SafetyNet',
    {
      format: 'compound',
      statement: () =>
        [
          new Map<string, unknown>([
            ['fmt', 'tpm'],
            ['attStmt', new Map(Object.entries(tpm))]
          ]),
          new Map<string, unknown>([
            ['fmt', 'android-safetynet'],
            ['attStmt', new Map(Object.entries(safetyNet))]
          ])
        ] as never
    }
  ]
]

for (const attestation of ['none', 'direct', 'enterprise'] as const)
  for (const [what, changes] of real)
    t.test(`FIELD G14 ${what} enrols and signs in with attestation: ${attestation}`, async t => {
      t.equal(await enrol(attestation, changes), 'verified')
    })

t.test(
  'FIELD G14 a chain of any maker enrols, whatever its certificate says of itself; its signature must fit',
  async t => {
    const { packed, leaf } = await selfMadeMaker(t)
    for (const format of ['packed', 'android-key']) {
      t.equal(await enrol('direct', { format, statement: data => packed(data, [leaf]) }), 'verified', format)
      t.equal(
        await enrol('direct', { format, statement: data => packed(Buffer.concat([data, data])) }),
        'refused',
        `${format} over other bytes`
      )
    }
  }
)

t.test('FIELD G14 whatever key signs a statement, it enrols, as long as the signature fits', async t => {
  const folder = t.testdir({})
  const pss = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }
  const makers: [string, number, string | null, string[], object?][] = [
    ['Ed25519', -8, null, ['-newkey', 'ed25519']],
    ['P-521', -36, 'sha512', ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:secp521r1']],
    ['secp256k1', -47, 'sha256', ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:secp256k1']],
    ['RSA-PSS', -37, 'sha256', ['-newkey', 'rsa:2048'], pss]
  ]
  for (const [name, alg, hash, key, padding] of makers) {
    const [keyFile, file] = [path.join(folder, `${alg}.key`), path.join(folder, `${alg}.pem`)]
    execFileSync(
      'openssl',
      ['req', '-x509', ...key, '-nodes', '-subj', '/CN=maker', '-keyout', keyFile, '-out', file],
      {
        stdio: 'ignore'
      }
    )
    const leaf = new X509Certificate(readFileSync(file)).raw
    const signer = { key: createPrivateKey(readFileSync(keyFile)), ...padding }
    for (const [data, outcome] of [
      [(bytes: Buffer) => bytes, 'verified'],
      [(bytes: Buffer) => Buffer.concat([bytes, bytes]), 'refused']
    ] as const)
      t.equal(
        await enrol('direct', {
          format: 'packed',
          statement: signed => new Map(Object.entries({ alg, sig: sign(hash, data(signed), signer), x5c: [leaf] }))
        }),
        outcome,
        `${name}: ${outcome}`
      )
  }
})

for (const [what, changes] of [
  ['a TPM that signs nothing', { format: 'tpm', statement: statement({ ...tpm, sig: bytes(0) }) }],
  ['a TPM whose certificates are text', { format: 'tpm', statement: statement({ ...tpm, x5c: ['a', 'b'] }) }],
  ['a TPM without certificates', { format: 'tpm', statement: statement({ ...tpm, x5c: [] }) }],
  [
    'a U2F key with two certificates',
    { format: 'fido-u2f', statement: statement({ x5c: [bytes(5), bytes(5)], sig: bytes(71) }) }
  ],
  ['SafetyNet without an answer', { format: 'android-safetynet', statement: statement({ ver: '1' }) }],
  ['a format that nobody knows', { format: 'hasOwnProperty', statement: statement(tpm) }],
  ['a compound of one', { format: 'compound', statement: () => [new Map([['fmt', 'none']])] as never }],
  ['a list where a statement belongs', { format: 'apple', statement: () => [bytes(5)] as never }]
] as [string, Changes][])
  t.test(`FIELD G14 ${what} is refused`, async t => {
    t.equal(await enrol('direct', changes), 'refused')
  })
