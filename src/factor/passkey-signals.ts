/** Signals to the browser about passkeys (WebAuthn L3 §5.1.10). */
import type { Credentials } from './credential.ts'
import { readAuthentication } from './webauthn-response.ts'

/** Ids in base64url. */
export interface PasskeySignals {
  readonly rpId: string
  readonly userId: string
  readonly name: string
  readonly displayName: string
  readonly allAcceptedCredentialIds: readonly string[]
}

export async function passkeySignals(
  { credentials, rpId }: { credentials: Credentials; rpId: string },
  { id: userId, name, displayName }: { id: string; name: string; displayName: string }
): Promise<PasskeySignals> {
  const own = await credentials.list(userId)
  const allAcceptedCredentialIds = own.flatMap(one =>
    one.kind === 'webauthn' && one.disabledAt === null ? one.credentialId : []
  )
  return { rpId, userId, name, displayName, allAcceptedCredentialIds }
}

/** True also if another person has it, so that nobody learns which ids exist (THREATS W17). */
export async function isUnknownPasskey(credentials: Credentials, answer: unknown): Promise<boolean> {
  const response = readAuthentication(answer)
  if (response === null || response.userHandle === null) return false
  return (await credentials.byCredentialId(response.id))?.accountId !== response.userHandle
}
