/**
 * What a browser should know of the passkeys it keeps (WebAuthn L3 §5.1.10): which are good, what the person is called, and which nobody knows. Owns what
 * may be told; refuses to say which ids exist.
 */
import type { Credentials } from './credential.ts'
import { readAuthentication } from './webauthn-response.ts'

/** Every id base64url, as the browser's own methods take them. */
export interface PasskeySignals {
  readonly rpId: string
  readonly userId: string
  readonly name: string
  readonly displayName: string
  readonly allAcceptedCredentialIds: readonly string[]
}

/** For a person who is signed in. */
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

/**
 * True where the person whom an answer names has no passkey of that id, so that the browser may forget it. It takes both random ids to ask, and
 * says the same of a passkey that somebody else has: nobody learns which ids exist (THREATS W17).
 */
export async function isUnknownPasskey(credentials: Credentials, answer: unknown): Promise<boolean> {
  const response = readAuthentication(answer)
  if (response === null || response.userHandle === null) return false
  return (await credentials.byCredentialId(response.id))?.accountId !== response.userHandle
}
