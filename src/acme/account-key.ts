/** An ACME account's key: JWS with ES256 (RFC 7515, RFC 8555 §6.2), and the binding to an outside account (§7.3.4). */
import {
  createHash,
  createHmac,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type JsonWebKey,
  type KeyObject,
  sign
} from 'node:crypto'

type Jwk = Readonly<{ kty: string; crv: string; x: string; y: string }>

export class AccountKey {
  readonly #key: KeyObject
  /** The thumbprint needs this order of members (RFC 7638 §3.2). */
  readonly jwk: Jwk
  readonly thumbprint: string

  private constructor(key: KeyObject) {
    this.#key = key
    const { crv = '', kty = '', x = '', y = '' } = createPublicKey(key).export({ format: 'jwk' })
    this.jwk = { crv, kty, x, y }
    this.thumbprint = createHash('sha256').update(JSON.stringify(this.jwk)).digest('base64url')
  }

  static generate(): AccountKey {
    return new AccountKey(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey)
  }

  /** Throws where the text is no private key on P-256. */
  static read(text: string): AccountKey {
    const jwk = JSON.parse(text) as JsonWebKey
    if (jwk.crv !== 'P-256') throw new TypeError('an account key is on P-256')
    return new AccountKey(createPrivateKey({ key: jwk, format: 'jwk' }))
  }

  /** The private half as JSON, a secret. */
  secret(): string {
    return JSON.stringify(this.#key.export({ format: 'jwk' }))
  }

  /** An empty `payload` is POST-as-GET (RFC 8555 §6.3). Without `kid` the head has the public key. */
  sign(payload: object | '', { nonce, url, kid }: { nonce: string; url: string; kid: string | null }): string {
    const head = encode({ alg: 'ES256', nonce, url, ...(kid === null ? { jwk: this.jwk } : { kid }) })
    const body = payload === '' ? '' : encode(payload)
    const signature = sign('sha256', Buffer.from(`${head}.${body}`), { key: this.#key, dsaEncoding: 'ieee-p1363' })
    return JSON.stringify({ protected: head, payload: body, signature: signature.toString('base64url') })
  }

  /** `secret`: base64url, from the authority. */
  bind(kid: string, secret: string, url: string): object {
    const head = encode({ alg: 'HS256', kid, url })
    const body = encode(this.jwk)
    const mac = createHmac('sha256', Buffer.from(secret, 'base64url')).update(`${head}.${body}`)
    return { protected: head, payload: body, signature: mac.digest('base64url') }
  }
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}
