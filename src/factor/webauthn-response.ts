/**
 * What a browser sends back from a WebAuthn ceremony, before anybody believes it: types, lengths, spelling. Owns the strict shape
 * (THREATS W16); refuses to pass anything on that it did not look at.
 */

/** RFC 4648 §5 without padding, spelled the one canonical way. */
type Base64url = string

export interface ClientData {
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
const idBytesMax = 1023
const clientDataBytesMax = 8 * 1024
const authenticatorDataBytesMax = 8 * 1024
/** With an attestation's whole chain of certificates. */
const attestationBytesMax = 32 * 1024
const signatureBytesMax = 1024
/** WebAuthn L3 §5.4.3. */
const userHandleBytesMax = 64
const knownTransports: readonly string[] = ['ble', 'cable', 'hybrid', 'internal', 'nfc', 'smart-card', 'usb']

type Loose = Readonly<Record<string, unknown>>

/** Null for anything that is not the JSON of a registration (WebAuthn L3 §5.1.8, RegistrationResponseJSON). */
export function readRegistration(value: unknown): RegistrationResponse | null {
  const parts = readCredential(value)
  if (parts === null) return null
  const { id, inner, clientDataJSON, clientData } = parts
  const attestationObject = readBytes(inner.attestationObject, attestationBytesMax)
  if (attestationObject === null) return null
  const transports = inner.transports ?? []
  if (!Array.isArray(transports) || transports.length > 16) return null
  // Unknown ones are ignored, as the standard has it: they are hints for the next ceremony.
  return {
    id,
    clientDataJSON,
    clientData,
    attestationObject,
    transports: knownTransports.filter(t => transports.includes(t))
  }
}

/** Null for anything that is not the JSON of an assertion (WebAuthn L3 §5.1.8, AuthenticationResponseJSON). */
export function readAuthentication(value: unknown): AuthenticationResponse | null {
  const parts = readCredential(value)
  if (parts === null) return null
  const { id, inner, clientDataJSON, clientData } = parts
  const authenticatorData = readBytes(inner.authenticatorData, authenticatorDataBytesMax)
  const signature = readBytes(inner.signature, signatureBytesMax)
  const isWithout = inner.userHandle === undefined || inner.userHandle === null || inner.userHandle === ''
  const userHandle = isWithout ? null : readBytes(inner.userHandle, userHandleBytesMax)
  if (authenticatorData === null || signature === null || (userHandle === null && !isWithout)) return null
  return { id, clientDataJSON, clientData, authenticatorData, signature, userHandle }
}

/** True unless the ceremony ran inside another site's frame. Absent and false mean no; the library lets `true` pass (THREATS 0.13). */
export function isSameOriginCeremony({ crossOrigin, topOrigin }: ClientData): boolean {
  return (crossOrigin === undefined || crossOrigin === false) && topOrigin === undefined
}

function readCredential(value: unknown) {
  const credential = readObject(value)
  const inner = readObject(credential?.response)
  if (credential === null || inner === null) return null
  const id = readBytes(credential.id, idBytesMax)
  const clientDataJSON = readBytes(inner.clientDataJSON, clientDataBytesMax)
  if (id === null || credential.rawId !== id || credential.type !== 'public-key' || clientDataJSON === null) return null
  const clientData = readClientData(clientDataJSON)
  return clientData === null ? null : { id, inner, clientDataJSON, clientData }
}

function readClientData(encoded: Base64url): ClientData | null {
  try {
    // "UTF-8 decode" (§7.1 step 5): a byte order mark is dropped, as the library does.
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

function readBytes(value: unknown, bytesMax: number): Base64url | null {
  if (typeof value !== 'string' || value === '' || value.length > Math.ceil((bytesMax * 4) / 3)) return null
  // Another spelling of the same bytes would be another key in the store.
  return Buffer.from(value, 'base64url').toString('base64url') === value ? value : null
}
