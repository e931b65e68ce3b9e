/** Checks a registration (WebAuthn L3 §7.1) and finds its trust anchor. */
import { attestedChain, withoutUnjudged } from './attestation.ts'
import { anchorOf, type TrustAnchor } from './attestation-chain.ts'
import { fitsItsAlgorithm } from './cose-key.ts'
import type { WebauthnCredential } from './credential.ts'
import { algorithms, browserParts, helpers, library, orNothing } from './webauthn-library.ts'
import { isSameOriginCeremony, type RegistrationResponse } from './webauthn-response.ts'

interface ExpectedCeremony {
  readonly expectedChallenge: string
  readonly expectedOrigin: string[]
  readonly expectedRPID: string
  readonly requireUserVerification: boolean
}

type Registered = Pick<
  WebauthnCredential,
  | 'credentialId'
  | 'publicKey'
  | 'counter'
  | 'transports'
  | 'aaguid'
  | 'backupEligible'
  | 'backedUp'
  | 'uvInitialized'
  | 'attestedBy'
>

/** Null for any refusal. Without anchors the statement is not judged. `now` in milliseconds. */
export async function checkRegistration(
  response: RegistrationResponse,
  expected: ExpectedCeremony,
  anchors: readonly TrustAnchor[],
  now: number
): Promise<Registered | null> {
  if (!isSameOriginCeremony(response.clientData)) return null
  const { id, clientDataJSON, attestationObject, transports } = response
  const verify = async (object: string | null) =>
    object === null
      ? null
      : (await library()).verifyRegistrationResponse({
          response: { ...browserParts(id), response: { clientDataJSON, attestationObject: object } },
          ...expected,
          supportedAlgorithmIDs: algorithms
        })
  const { verified, registrationInfo: info } = await orNothing(async () =>
    verify(withoutUnjudged(attestationObject, clientDataJSON, await helpers()))
  )
  // The id beside the attestation is unsigned.
  if (verified !== true || info === undefined || info.credential.id !== id) return null
  const { decodeCredentialPublicKey } = await helpers()
  if (!fitsItsAlgorithm(decodeCredentialPublicKey(info.credential.publicKey) as { get(label: number): unknown }))
    return null
  const anchor = anchors.length === 0 ? null : await anchorFor()
  return {
    credentialId: id,
    publicKey: Buffer.from(info.credential.publicKey).toString('base64url'),
    counter: info.credential.counter,
    transports,
    aaguid: info.aaguid,
    backupEligible: info.credentialDeviceType === 'multiDevice',
    backedUp: info.credentialBackedUp,
    uvInitialized: info.userVerified,
    ...(anchor === null ? {} : { attestedBy: anchor.id })
  }

  /**
   * §7.1 steps 21 to 24. The chain comes first, because the library fetches revocation lists from addresses in certificates, which a
   * stranger must not choose.
   */
  async function anchorFor(): Promise<TrustAnchor | null> {
    const chain = attestedChain(attestationObject, await helpers())
    const found = chain === null ? null : anchorOf(chain, anchors, now)
    if (found === null) return null
    const whole = await orNothing(() => verify(attestationObject))
    return whole.verified === true ? found : null
  }
}
