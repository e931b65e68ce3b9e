/**
 * The test vectors of WebAuthn Level 3 §16 in the gate's ceremonies, with the challenge of the vector. A vector that the gate refuses is
 * named with the reason.
 */
import { readFileSync } from 'node:fs'
import { verifyAuthenticationResponse } from '@simplewebauthn/server'
import t from 'tap'
import { alice, fixture, home } from '../fixtures/in-process/factors.ts'
import { sampleCredential } from '../fixtures/in-process/sample-credential.ts'

interface Case {
  readonly id: string
  readonly registration: { challenge: string; credential_id: string; clientDataJSON: string; attestationObject: string }
  readonly authentication: { challenge: string; authenticatorData: string; clientDataJSON: string; signature: string }
}

const vectors = JSON.parse(readFileSync(new URL('../vectors/w3c-webauthn-l3.json', import.meta.url), 'utf8')) as {
  rpId: string
  origin: string
  topOrigin: string
  cases: Case[]
}

/** Why a vector is refused at its enrolment. All others must enrol and sign. */
const refused: Readonly<Record<string, string>> = {
  'none-es256-crossOrigin': 'made in a frame of another site (§7.1 step 10)',
  'none-es256-topOrigin': 'made in a frame of another site (§7.1 step 11)',
  'packed-ed448': 'Ed448 is not offered (§7.1 step 20)'
}

const encoded = (hex: string) => Buffer.from(hex, 'hex').toString('base64url')

function vectorFixture() {
  const challenges: Buffer[] = []
  const random = () => challenges.shift()!
  const all = fixture({
    webauthn: { rpId: vectors.rpId, origins: [vectors.origin], userVerification: 'discouraged', random }
  })
  const register = async ({ registration }: Case) => {
    challenges.push(Buffer.from(registration.challenge, 'hex'))
    const { ceremony } = await all.webauthn.registrationOptions(alice, 's1')
    const id = encoded(registration.credential_id)
    const { clientDataJSON, attestationObject } = registration
    const response = {
      id,
      rawId: id,
      type: 'public-key',
      response: { clientDataJSON: encoded(clientDataJSON), attestationObject: encoded(attestationObject) }
    }
    return all.webauthn.register({ account: alice, binding: 's1', ceremony, response, name: '', address: home })
  }
  const authenticate = async (
    { registration, authentication }: Case,
    change: (bytes: Buffer) => Buffer = bytes => bytes
  ) => {
    challenges.push(Buffer.from(authentication.challenge, 'hex'))
    const { ceremony } = await all.webauthn.authenticationOptions({ accountId: alice.id, binding: 's1' })
    const id = encoded(registration.credential_id)
    const { authenticatorData, clientDataJSON, signature } = authentication
    const response = {
      id,
      rawId: id,
      type: 'public-key',
      response: {
        authenticatorData: encoded(authenticatorData),
        clientDataJSON: encoded(clientDataJSON),
        signature: change(Buffer.from(signature, 'hex')).toString('base64url')
      }
    }
    return all.webauthn.authenticate({ accountId: alice.id, binding: 's1', ceremony, response, address: home })
  }
  return { ...all, register, authenticate }
}

t.equal(vectors.cases.length, 15)
t.same(
  Object.keys(refused).filter(id => !vectors.cases.some(vector => vector.id === id)),
  []
)

for (const vector of vectors.cases)
  t.test(vector.id, async t => {
    const { register, authenticate } = vectorFixture()
    const reason = refused[vector.id]
    const outcome = await register(vector)
    if (reason !== undefined) {
      t.strictSame(outcome, { kind: 'refused' }, reason)
      return
    }
    t.match(outcome, { kind: 'enrolled', credential: { credentialId: encoded(vector.registration.credential_id) } })
    const flags = Buffer.from(vector.authentication.authenticatorData, 'hex')[32]!
    t.match(await authenticate(vector), { kind: 'verified', accountId: alice.id, userVerified: (flags & 4) !== 0 })
  })

t.test('W15: a changed bit in the signature of any vector is refused', async t => {
  for (const vector of vectors.cases.filter(({ id }) => refused[id] === undefined)) {
    const { register, authenticate } = vectorFixture()
    await register(vector)
    const flip = (bytes: Buffer) => {
      bytes[bytes.length - 1]! ^= 1
      return bytes
    }
    t.strictSame(await authenticate(vector, flip), { kind: 'refused' }, vector.id)
    t.equal((await authenticate(vector)).kind, 'verified', vector.id)
  }
})

t.test('W4: an assertion from within a frame is refused by us, where the library would take it', async t => {
  for (const id of ['none-es256-crossOrigin', 'none-es256-topOrigin']) {
    const vector = vectors.cases.find(found => found.id === id)!
    const credentialId = encoded(vector.registration.credential_id)
    // The COSE key ends the attestation object. The gate refuses this enrolment, so the test puts the key into the store.
    const publicKey = Buffer.from(vector.registration.attestationObject, 'hex').subarray(-77)
    const { authenticatorData, clientDataJSON, signature, challenge } = vector.authentication
    const { verified } = await verifyAuthenticationResponse({
      response: {
        id: credentialId,
        rawId: credentialId,
        type: 'public-key',
        clientExtensionResults: {},
        response: {
          authenticatorData: encoded(authenticatorData),
          clientDataJSON: encoded(clientDataJSON),
          signature: encoded(signature)
        }
      },
      expectedChallenge: encoded(challenge),
      expectedOrigin: vectors.origin,
      expectedRPID: vectors.rpId,
      expectedTopOrigin: vectors.topOrigin,
      requireUserVerification: false,
      credential: { id: credentialId, publicKey: new Uint8Array(publicKey), counter: 0 }
    })
    t.equal(verified, true, 'nothing else is wrong with it')
    const all = vectorFixture()
    const stored = { publicKey: publicKey.toString('base64url'), uvInitialized: false, transports: [] }
    await all.credentials.add(sampleCredential({ accountId: alice.id, credentialId, ...stored }))
    t.strictSame(await all.authenticate(vector), { kind: 'refused' }, id)
  }
})
