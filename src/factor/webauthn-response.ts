/** The strict parser of WebAuthn responses (THREATS W16). */

/** RFC 4648 §5 without padding, canonical. */
type Base64url = string

interface ClientData {
  readonly crossOrigin: unknown
  readonly topOrigin: unknown
}

export interface RegistrationResponse {
  readonly id: Base64url
  readonly clientDataJSON: Base64url
  readonly attestationObject: Base64url
  readonly transports: readonly string[]
  readonly clientData: ClientData
}

export interface AuthenticationResponse {
  readonly id: Base64url
  readonly clientDataJSON: Base64url
  readonly authenticatorData: Base64url
  readonly signature: Base64url
  readonly userHandle: Base64url | null
  readonly clientData: ClientData
}

/** WebAuthn L3 §7.1 step 25. */
const maxIdBytes = 1023
const maxClientDataBytes = 8 * 1024
const maxAuthenticatorDataBytes = 8 * 1024
const maxAttestationBytes = 32 * 1024
const maxSignatureBytes = 1024
/** WebAuthn L3 §5.4.3. */
const maxUserHandleBytes = 64
const knownTransports: readonly string[] = ['ble', 'cable', 'hybrid', 'internal', 'nfc', 'smart-card', 'usb']

type Loose = Readonly<Record<string, unknown>>

/** A RegistrationResponseJSON (WebAuthn L3 §5.1.8), or null. */
export function readRegistration(value: unknown): RegistrationResponse | null {
  const parts = readCredential(value)
  if (parts === null) return null
  const { id, inner, clientDataJSON, clientData } = parts
  const attestationObject = readBytes(inner.attestationObject, maxAttestationBytes)
  if (attestationObject === null) return null
  const transports = inner.transports ?? []
  if (!Array.isArray(transports) || transports.length > 16) return null
  // They are only hints, so unknown ones are ignored.
  return {
    id,
    clientDataJSON,
    clientData,
    attestationObject,
    transports: knownTransports.filter(t => transports.includes(t))
  }
}

/** An AuthenticationResponseJSON (WebAuthn L3 §5.1.8), or null. */
export function readAuthentication(value: unknown): AuthenticationResponse | null {
  const parts = readCredential(value)
  if (parts === null) return null
  const { id, inner, clientDataJSON, clientData } = parts
  const authenticatorData = readBytes(inner.authenticatorData, maxAuthenticatorDataBytes)
  const signature = readBytes(inner.signature, maxSignatureBytes)
  const isWithout = inner.userHandle === undefined || inner.userHandle === null || inner.userHandle === ''
  const userHandle = isWithout ? null : readBytes(inner.userHandle, maxUserHandleBytes)
  if (authenticatorData === null || signature === null || (userHandle === null && !isWithout)) return null
  return { id, clientDataJSON, clientData, authenticatorData, signature, userHandle }
}

/** Absent means false; the library accepts `true` (THREATS 0.13). */
export function isSameOriginCeremony({ crossOrigin, topOrigin }: ClientData): boolean {
  return (crossOrigin === undefined || crossOrigin === false) && topOrigin === undefined
}

function readCredential(value: unknown) {
  const credential = readObject(value)
  const inner = readObject(credential?.response)
  if (credential === null || inner === null) return null
  const id = readBytes(credential.id, maxIdBytes)
  const clientDataJSON = readBytes(inner.clientDataJSON, maxClientDataBytes)
  if (id === null || credential.rawId !== id || credential.type !== 'public-key' || clientDataJSON === null) return null
  const clientData = readClientData(clientDataJSON)
  return clientData === null ? null : { id, inner, clientDataJSON, clientData }
}

function readClientData(encoded: Base64url): ClientData | null {
  try {
    // "UTF-8 decode" (§7.1 step 5) drops a byte order mark.
    const text = new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(encoded, 'base64url'))
    const data = readObject(JSON.parse(text))
    return data === null ? null : { crossOrigin: data.crossOrigin, topOrigin: data.topOrigin }
  } catch {
    return null
  }
}

function readObject(value: unknown): Loose | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Loose) : null
}

function readBytes(value: unknown, maxBytes: number): Base64url | null {
  if (typeof value !== 'string' || value === '' || value.length > Math.ceil((maxBytes * 4) / 3)) return null
  // Another encoding of the same bytes would be another key in the store.
  return Buffer.from(value, 'base64url').toString('base64url') === value ? value : null
}
