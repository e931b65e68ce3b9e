/**
 * An authenticator and the browser in front of it, in software: one key pair that answers WebAuthn options with the JSON a browser
 * would send. Every field, flag and byte can be changed on the way, so that a test can be any attacker.
 */
import { createHash, createPublicKey, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto'

export type Algorithm = 'ES256' | 'ES384' | 'EdDSA' | 'RS256'

/** COSE algorithm, curve, and the hash that is signed. */
const algorithms = {
  ES256: { cose: -7, curve: 1, hash: 'sha256' },
  ES384: { cose: -35, curve: 2, hash: 'sha384' },
  EdDSA: { cose: -8, curve: 6, hash: null },
  RS256: { cose: -257, curve: 0, hash: 'sha256' }
} as const

/** What may differ from an honest answer. Functions get the honest bytes and give what is used instead. */
export interface Changes {
  readonly type?: string
  readonly challenge?: string
  readonly origin?: string
  readonly crossOrigin?: unknown
  readonly topOrigin?: unknown
  /** More members of the client data. */
  readonly clientData?: Record<string, unknown>
  readonly rpId?: string
  readonly userPresent?: boolean
  readonly userVerified?: boolean
  readonly backupEligible?: boolean
  readonly backedUp?: boolean
  readonly counter?: number
  readonly credentialId?: Buffer
  readonly userHandle?: string | null
  /** The COSE algorithm that the key claims to be for. */
  readonly cose?: number
  readonly attestation?: 'none' | 'self'
  readonly format?: string
  /** The attestation statement, made of what it is to sign. */
  readonly statement?: (data: Buffer) => Map<string, unknown>
  readonly transports?: unknown
  /** Changed before it is hashed and signed. */
  readonly clientDataBytes?: (bytes: Buffer) => Buffer
  readonly authenticatorData?: (bytes: Buffer) => Buffer
  /** Instead of the honest signature: whatever can be made with the private key. */
  readonly sign?: (made: { data: Buffer; honest: Buffer; privateKey: KeyObject; publicKey: KeyObject }) => Buffer
  /** Changed on the way, after the signature. */
  readonly clientDataSent?: (bytes: Buffer) => Buffer
  readonly authenticatorDataSent?: (bytes: Buffer) => Buffer
  readonly signatureSent?: (bytes: Buffer) => Buffer
  readonly attestationObjectSent?: (bytes: Buffer) => Buffer
}

interface CreationOptions {
  readonly challenge: string
  readonly rp: { readonly id?: string }
  readonly user: { readonly id: string }
}

interface RequestOptions {
  readonly challenge: string
  readonly rpId?: string
}

export interface RegistrationJson {
  id: string
  rawId: string
  type: string
  response: { clientDataJSON: string; attestationObject: string; transports: unknown }
  clientExtensionResults: object
}

export interface AssertionJson {
  id: string
  rawId: string
  type: string
  response: { clientDataJSON: string; authenticatorData: string; signature: string; userHandle: string | null }
  clientExtensionResults: object
}

export interface AuthenticatorTraits {
  readonly algorithm?: Algorithm
  readonly aaguid?: string
  readonly credentialId?: Buffer
  readonly backupEligible?: boolean
  readonly backedUp?: boolean
  readonly userVerifies?: boolean
  /** Whether it counts its signatures; passkeys of a platform do not. */
  readonly counts?: boolean
  readonly transports?: readonly string[]
  /** A key that exists already; by default a new one. */
  readonly privateKey?: KeyObject
  /** The page's origin; by default `https://` and the RP id. */
  readonly origin?: string
}

export class Authenticator {
  readonly traits: AuthenticatorTraits
  readonly credentialId: Buffer
  readonly algorithm: Algorithm
  /** As of the last enrolment: what a discoverable credential says of its user. */
  userHandle: string | null = null
  counter = 0
  readonly privateKey: KeyObject
  readonly #publicKey: KeyObject

  constructor(traits: AuthenticatorTraits = {}) {
    this.traits = traits
    this.algorithm = traits.algorithm ?? 'ES256'
    this.credentialId = traits.credentialId ?? randomBytes(32)
    this.privateKey = traits.privateKey ?? newPrivateKey(this.algorithm)
    this.#publicKey = createPublicKey(this.privateKey)
  }

  /** The credential id as the relying party knows it. */
  get id(): string {
    return this.credentialId.toString('base64url')
  }

  /** Answers `navigator.credentials.create()`. */
  register(options: CreationOptions, changes: Changes = {}): RegistrationJson {
    const credentialId = changes.credentialId ?? this.credentialId
    const clientData = this.#clientData('webauthn.create', options.challenge, options.rp.id, changes)
    const attested = Buffer.concat([
      Buffer.from((this.traits.aaguid ?? '00000000-0000-0000-0000-000000000000').replaceAll('-', ''), 'hex'),
      uint16(credentialId.length),
      credentialId,
      cbor(this.#coseKey(changes.cose))
    ])
    const authData = this.#authData(options.rp.id, attested, changes)
    const isSelf = changes.attestation === 'self'
    const statement = isSelf
      ? new Map<string, unknown>([
          ['alg', changes.cose ?? algorithms[this.algorithm].cose],
          ['sig', this.#sign(authData, clientData)]
        ])
      : new Map<string, unknown>()
    const attestationObject = cbor(
      new Map<string, unknown>([
        ['fmt', changes.format ?? (isSelf ? 'packed' : 'none')],
        ['attStmt', changes.statement?.(signedBytes(authData, clientData)) ?? statement],
        ['authData', changes.authenticatorDataSent?.(authData) ?? authData]
      ])
    )
    this.userHandle = options.user.id
    return {
      ...credentialJson(credentialId),
      response: {
        clientDataJSON: (changes.clientDataSent?.(clientData) ?? clientData).toString('base64url'),
        attestationObject: (changes.attestationObjectSent?.(attestationObject) ?? attestationObject).toString(
          'base64url'
        ),
        transports: changes.transports ?? this.traits.transports ?? ['usb']
      },
      clientExtensionResults: {}
    }
  }

  /** Answers `navigator.credentials.get()`. Counts on if it is one that counts. */
  assert(options: RequestOptions, changes: Changes = {}): AssertionJson {
    if (this.traits.counts !== false) this.counter++
    const clientData = this.#clientData('webauthn.get', options.challenge, options.rpId, changes)
    const authData = this.#authData(options.rpId, null, changes)
    const honest = this.#sign(authData, clientData)
    const signature =
      changes.sign?.({
        data: signedBytes(authData, clientData),
        honest,
        privateKey: this.privateKey,
        publicKey: this.#publicKey
      }) ?? honest
    return {
      ...credentialJson(changes.credentialId ?? this.credentialId),
      response: {
        clientDataJSON: (changes.clientDataSent?.(clientData) ?? clientData).toString('base64url'),
        authenticatorData: (changes.authenticatorDataSent?.(authData) ?? authData).toString('base64url'),
        signature: (changes.signatureSent?.(signature) ?? signature).toString('base64url'),
        userHandle: changes.userHandle === undefined ? this.userHandle : changes.userHandle
      },
      clientExtensionResults: {}
    }
  }

  #clientData(type: string, challenge: string, rpId: string | undefined, changes: Changes): Buffer {
    const members: Record<string, unknown> = {
      type: changes.type ?? type,
      challenge: changes.challenge ?? challenge,
      origin: changes.origin ?? this.traits.origin ?? `https://${rpId}`,
      crossOrigin: 'crossOrigin' in changes ? changes.crossOrigin : false,
      ...('topOrigin' in changes ? { topOrigin: changes.topOrigin } : {}),
      ...changes.clientData
    }
    const bytes = Buffer.from(JSON.stringify(members))
    return changes.clientDataBytes?.(bytes) ?? bytes
  }

  #authData(rpId: string | undefined, attested: Buffer | null, changes: Changes): Buffer {
    const { traits } = this
    const flags =
      ((changes.userPresent ?? true) ? 0x01 : 0) |
      ((changes.userVerified ?? traits.userVerifies ?? true) ? 0x04 : 0) |
      ((changes.backupEligible ?? traits.backupEligible ?? false) ? 0x08 : 0) |
      ((changes.backedUp ?? traits.backedUp ?? false) ? 0x10 : 0) |
      (attested === null ? 0 : 0x40)
    const bytes = Buffer.concat([
      createHash('sha256')
        .update(changes.rpId ?? rpId ?? '')
        .digest(),
      Buffer.from([flags]),
      uint32(changes.counter ?? this.counter),
      attested ?? Buffer.alloc(0)
    ])
    return changes.authenticatorData?.(bytes) ?? bytes
  }

  #sign(authData: Buffer, clientData: Buffer): Buffer {
    return sign(algorithms[this.algorithm].hash, signedBytes(authData, clientData), this.privateKey)
  }

  /** RFC 9053: the public key as a COSE_Key. */
  #coseKey(claimed?: number): Map<number, unknown> {
    const { cose, curve } = algorithms[this.algorithm]
    const jwk = this.#publicKey.export({ format: 'jwk' })
    const bytes = (text: string | undefined) => Buffer.from(text ?? '', 'base64url')
    const alg = claimed ?? cose
    if (this.algorithm === 'RS256')
      return new Map<number, unknown>([
        [1, 3],
        [3, alg],
        [-1, bytes(jwk.n)],
        [-2, bytes(jwk.e)]
      ])
    const key = new Map<number, unknown>([
      [1, this.algorithm === 'EdDSA' ? 1 : 2],
      [3, alg],
      [-1, curve],
      [-2, bytes(jwk.x)]
    ])
    return this.algorithm === 'EdDSA' ? key : key.set(-3, bytes(jwk.y))
  }
}

/** What an authenticator signs (WebAuthn L3 §6.3.3, §6.5.2). */
function signedBytes(authData: Buffer, clientData: Buffer): Buffer {
  return Buffer.concat([authData, createHash('sha256').update(clientData).digest()])
}

function newPrivateKey(algorithm: Algorithm): KeyObject {
  if (algorithm === 'EdDSA') return generateKeyPairSync('ed25519').privateKey
  if (algorithm === 'RS256') return generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
  return generateKeyPairSync('ec', { namedCurve: algorithm === 'ES256' ? 'P-256' : 'P-384' }).privateKey
}

function credentialJson(credentialId: Buffer) {
  const id = credentialId.toString('base64url')
  return { id, rawId: id, type: 'public-key' }
}

/** RFC 8949, as much of it as an authenticator writes. */
export function cbor(value: unknown): Buffer {
  if (typeof value === 'number') return value >= 0 ? head(0, value) : head(1, -1 - value)
  if (Buffer.isBuffer(value)) return Buffer.concat([head(2, value.length), value])
  if (typeof value === 'string') return Buffer.concat([head(3, Buffer.byteLength(value)), Buffer.from(value)])
  if (Array.isArray(value)) return Buffer.concat([head(4, value.length), ...value.map(cbor)])
  if (value instanceof Map)
    return Buffer.concat([head(5, value.size), ...[...value].flatMap(([key, item]) => [cbor(key), cbor(item)])])
  throw new TypeError(`no CBOR for ${typeof value}`)
}

function head(major: number, length: number): Buffer {
  const type = major << 5
  if (length < 24) return Buffer.from([type | length])
  if (length < 0x100) return Buffer.from([type | 24, length])
  if (length < 0x10000) return Buffer.concat([Buffer.from([type | 25]), uint16(length)])
  return Buffer.concat([Buffer.from([type | 26]), uint32(length)])
}

function uint16(value: number): Buffer {
  const bytes = Buffer.alloc(2)
  bytes.writeUInt16BE(value)
  return bytes
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}
