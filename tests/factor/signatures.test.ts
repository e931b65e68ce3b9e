/**
 * Forms of signatures in whole ceremonies (THREATS W15); and the rows of Project Wycheproof through the gate's check and the library's,
 * where FACTORGATE_WYCHEPROOF names the folder of its `testvectors_v1` (tests/vectors/SOURCES.md).
 */
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { verifySignature } from '@simplewebauthn/server/helpers'
import t from 'tap'
import { isStrictEcdsaSignature } from '../../src/factor/ecdsa-signature.ts'
import { cbor } from '../fixtures/in-process/authenticator.ts'
import { attempt, withKey } from '../fixtures/in-process/ceremonies.ts'
import { equals, forgeries } from './forged-signatures.ts'

for (const algorithm of ['ES256', 'EdDSA', 'RS256'] as const)
  t.test(`W15 ${algorithm}: what is no signature of this challenge is refused, in whatever form`, async t => {
    const owner = await withKey({ algorithm, counts: false })
    t.ok(Object.keys(forgeries[algorithm]).length >= 25)
    for (const [what, sign] of Object.entries(forgeries[algorithm])) {
      const { kind } = await attempt(owner, { sign })
      t.equal(kind, 'refused', what)
      // Without this, the hundredth failure would disable the key, and the answer would be refused for that.
      if (kind !== 'verified') t.equal((await attempt(owner, {})).kind, 'verified', 'and the honest one is still good')
    }
    for (const [what, sign] of Object.entries(equals[algorithm]))
      t.equal((await attempt(owner, { sign })).kind, 'verified', what)
  })

interface Vectors {
  readonly testGroups: readonly {
    readonly publicKey: Readonly<Record<string, string>>
    readonly tests: readonly { tcId: number; comment: string; msg: string; sig: string; result: string }[]
  }[]
}

const bytes = (hex: string) => Buffer.from(hex.length % 2 ? `0${hex}` : hex, 'hex')
/** A number of so many bytes, without the zero that DER puts before it. */
const unsigned = (hex: string, length: number) => {
  const all = Buffer.concat([Buffer.alloc(length), bytes(hex)])
  return all.subarray(-length)
}

/** The three files, and each key as an authenticator sends it (RFC 9053). */
const files: readonly [name: string, isEcdsa: boolean, key: (of: Record<string, string>) => Map<number, unknown>][] = [
  [
    'ecdsa_secp256r1_sha256_test.json',
    true,
    ({ wx = '', wy = '' }) =>
      new Map<number, unknown>([
        [1, 2],
        [3, -7],
        [-1, 1],
        [-2, unsigned(wx, 32)],
        [-3, unsigned(wy, 32)]
      ])
  ],
  [
    'ed25519_test.json',
    false,
    ({ pk = '' }) =>
      new Map<number, unknown>([
        [1, 1],
        [3, -8],
        [-1, 6],
        [-2, bytes(pk)]
      ])
  ],
  [
    'rsa_signature_2048_sha256_test.json',
    false,
    ({ modulus = '', publicExponent = '' }) =>
      new Map<number, unknown>([
        [1, 3],
        [3, -257],
        [-1, unsigned(modulus, 256)],
        [-2, bytes(publicExponent)]
      ])
  ]
]

/** As in src/factor/webauthn.ts, an error is a refusal. */
async function isSignature({ isEcdsa, ...input }: { isEcdsa: boolean } & Parameters<typeof verifySignature>[0]) {
  try {
    return (!isEcdsa || isStrictEcdsaSignature(input.signature)) && (await verifySignature(input))
  } catch {
    return false
  }
}

const folder = process.env.FACTORGATE_WYCHEPROOF ?? ''
if (folder === '') t.comment('Wycheproof is not asked: FACTORGATE_WYCHEPROOF names no folder')
for (const [name, isEcdsa, keyOf] of folder === '' ? [] : files)
  t.test(`W15 Wycheproof: ${name}`, async t => {
    t.ok(existsSync(path.join(folder, name)), name)
    const { testGroups } = JSON.parse(readFileSync(path.join(folder, name), 'utf8')) as Vectors
    const counts = { valid: 0, invalid: 0, acceptable: 0 }
    const wrong: string[] = []
    for (const { publicKey, tests } of testGroups) {
      const credentialPublicKey = new Uint8Array(cbor(keyOf(publicKey)))
      for (const { tcId, comment, msg, sig, result } of tests) {
        counts[result as keyof typeof counts]++
        const signature = new Uint8Array(bytes(sig))
        const isGood = await isSignature({ isEcdsa, signature, data: new Uint8Array(bytes(msg)), credentialPublicKey })
        if (result !== 'acceptable' && isGood !== (result === 'valid')) wrong.push(`${tcId} ${comment}: ${isGood}`)
      }
    }
    t.same(wrong, [])
    t.ok(counts.valid > 0 && counts.invalid > 50, JSON.stringify(counts))
  })
