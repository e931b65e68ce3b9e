/** Sealing, MACs and signatures. The first key seals and signs; the others only open and verify. */
import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  createPrivateKey,
  createPublicKey,
  hkdfSync,
  type KeyObject,
  randomBytes,
  sign,
  timingSafeEqual
} from 'node:crypto'

export interface PublicJwk {
  readonly kid: string
}

/** 256 random bits. The id is derived from them, so that damage is found. */
export interface MasterKey {
  readonly id: string
  readonly bytes: Buffer
}

export interface Keyring {
  readonly currentKeyId: string
  /** AES-256-GCM. The text opens only for the same `context` (such as `totp:` + credential id). */
  seal(plain: string, context: string): string
  /** Throws KeyringError for an unknown key, another context or a changed text. */
  open(sealed: string, context: string): string
  /** HMAC-SHA-256, base64url, with a key for each `purpose`. */
  mac(purpose: string, data: string): string
  verifyMac(purpose: string, data: string, mac: string): boolean
  /** Ed25519 (RFC 8032). */
  readonly signingKey: { readonly kid: string; readonly privateKey: KeyObject }
  /** RFC 7517 and 8037, the current one first. */
  readonly publicJwks: { readonly keys: readonly PublicJwk[] }
  /** Ed25519 keys that sign for this purpose alone, the current one first. */
  signers(purpose: string): readonly Signer[]
  macs(purpose: string, data: string): readonly string[]
}

export interface Signer {
  readonly keyId: string
  /** `x` (RFC 8037): 32 bytes in base64url. */
  readonly publicKey: string
  /** In base64url. */
  sign(text: string): string
}

/** The message names the seal's key and never the content. */
export class KeyringError extends Error {
  override readonly name = 'KeyringError'
}

const version = 'v1'
const keyBytes = 32
/** 96 random bits are safe for 2^32 texts under one key (NIST SP 800-38D §8.3). */
const nonceBytes = 12
const tagBytes = 16
const sealedShape = /^v1\.([A-Za-z0-9_-]{11})\.([A-Za-z0-9_-]{38,})$/
/** PKCS #8 prefix of an Ed25519 key (RFC 8410 §7). */
const ed25519Prefix = Buffer.from('302e020100300506032b657004220420', 'hex')

export function newMasterKey(): MasterKey {
  return masterKey(randomBytes(keyBytes))
}

export function masterKey(bytes: Buffer): MasterKey {
  if (bytes.length !== keyBytes) throw new KeyringError(`a key has ${keyBytes} bytes, not ${bytes.length}`)
  return { id: derive(bytes, 'id').subarray(0, 8).toString('base64url'), bytes }
}

export function makeKeyring(keys: readonly MasterKey[]): Keyring {
  const current = keys[0]
  if (current === undefined) throw new KeyringError('a keyring needs a key')
  return new Ring(current, keys)
}

export function sealedBy(sealed: string): string | null {
  return sealedShape.exec(sealed)?.[1] ?? null
}

class Ring implements Keyring {
  readonly currentKeyId: string
  readonly signingKey: { readonly kid: string; readonly privateKey: KeyObject }
  readonly publicJwks: { readonly keys: readonly PublicJwk[] }
  readonly #current: MasterKey
  readonly #keys: readonly MasterKey[]
  readonly #derived = new Map<string, Buffer>()
  readonly #signers = new Map<string, readonly Signer[]>()

  constructor(current: MasterKey, keys: readonly MasterKey[]) {
    this.#current = current
    this.#keys = keys
    this.currentKeyId = current.id
    const pairs = keys.map(key => ({ kid: key.id, privateKey: signingKeyOf(key) }))
    this.signingKey = pairs[0]!
    this.publicJwks = {
      keys: pairs.map(({ kid, privateKey }) => {
        const { kty, crv, x } = createPublicKey(privateKey).export({ format: 'jwk' })
        return { kty, crv, x, kid, use: 'sig', alg: 'EdDSA' }
      })
    }
  }

  seal(plain: string, context: string): string {
    const { id } = this.#current
    const nonce = randomBytes(nonceBytes)
    const cipher = createCipheriv('aes-256-gcm', this.#key(this.#current, 'seal'), nonce)
    cipher.setAAD(additionalData(id, context))
    const box = Buffer.concat([nonce, cipher.update(plain, 'utf8'), cipher.final(), cipher.getAuthTag()])
    return `${version}.${id}.${box.toString('base64url')}`
  }

  open(sealed: string, context: string): string {
    const [, id = '', text = ''] = sealedShape.exec(sealed) ?? []
    if (id === '') throw new KeyringError('this is not a sealed text')
    const key = this.#keys.find(key => key.id === id)
    if (key === undefined) throw new KeyringError(`sealed with the key ${id}, which is not in the key file`)
    const box = Buffer.from(text, 'base64url')
    const decipher = createDecipheriv('aes-256-gcm', this.#key(key, 'seal'), box.subarray(0, nonceBytes), {
      authTagLength: tagBytes
    })
    decipher.setAAD(additionalData(id, context))
    decipher.setAuthTag(box.subarray(-tagBytes))
    try {
      return decipher.update(box.subarray(nonceBytes, -tagBytes), undefined, 'utf8') + decipher.final('utf8')
    } catch (cause) {
      throw new KeyringError(`the text sealed with the key ${id} was changed, or sealed for something else`, { cause })
    }
  }

  mac(purpose: string, data: string): string {
    return this.#mac(this.#current, purpose, data).toString('base64url')
  }

  verifyMac(purpose: string, data: string, mac: string): boolean {
    // Digests are compared, in constant time for any input.
    const given = digest(mac)
    let isRight = false
    for (const key of this.#keys)
      isRight = timingSafeEqual(digest(this.#mac(key, purpose, data).toString('base64url')), given) || isRight
    return isRight
  }

  macs(purpose: string, data: string): readonly string[] {
    return this.#keys.map(key => this.#mac(key, purpose, data).toString('base64url'))
  }

  signers(purpose: string): readonly Signer[] {
    let signers = this.#signers.get(purpose)
    if (signers === undefined) {
      signers = this.#keys.map(key => signerOf(key, purpose))
      this.#signers.set(purpose, signers)
    }
    return signers
  }

  #mac(key: MasterKey, purpose: string, data: string): Buffer {
    return createHmac('sha256', this.#key(key, `mac:${purpose}`))
      .update(data)
      .digest()
  }

  #key(key: MasterKey, purpose: string): Buffer {
    const name = `${key.id} ${purpose}`
    let derived = this.#derived.get(name)
    if (derived === undefined) {
      derived = derive(key.bytes, purpose)
      this.#derived.set(name, derived)
    }
    return derived
  }
}

/** HKDF-SHA-256 (RFC 5869). */
function derive(bytes: Buffer, purpose: string): Buffer {
  return Buffer.from(hkdfSync('sha256', bytes, '', `factorgate ${version} ${purpose}`, keyBytes))
}

function signerOf(key: MasterKey, purpose: string): Signer {
  const privateKey = signingKeyOf(key, `sign:${purpose}`)
  const { x = '' } = createPublicKey(privateKey).export({ format: 'jwk' })
  return {
    keyId: key.id,
    publicKey: x,
    sign: text => sign(null, Buffer.from(text), privateKey).toString('base64url')
  }
}

function signingKeyOf(key: MasterKey, purpose = 'sign'): KeyObject {
  return createPrivateKey({
    key: Buffer.concat([ed25519Prefix, derive(key.bytes, purpose)]),
    format: 'der',
    type: 'pkcs8'
  })
}

/** The header is authenticated, otherwise a text could claim another version or key. */
function additionalData(keyId: string, context: string): Buffer {
  return Buffer.from(`${version}.${keyId}.${context}`)
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
