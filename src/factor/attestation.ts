/**
 * Attestation statements that nobody judges. Without trust anchors a statement proves nothing, so its make, its dates and its chain are no reason to
 * refuse a device (WebAuthn L3 §7.1 steps 23 and 24). What needs no anchor is asked of it: the syntax of its format (§8), and for `packed` and
 * `android-key` the signature by its own certificate (§8.2, §8.4), whatever its kind of key. Knows no library: the caller hands in how CBOR is read
 * and written.
 */
import { constants, createHash, type VerifyKeyObjectInput, verify, X509Certificate } from 'node:crypto'

type Bytes = Uint8Array<ArrayBuffer>

/** What is needed of a WebAuthn library. All may throw. */
export interface AttestationTools {
  decodeAttestationObject(object: Bytes): unknown
  readonly isoCBOR: { encode(value: never): Uint8Array }
}

type Statement = { get(key: string): unknown; readonly size: number }
type Shape = Readonly<Record<string, (value: unknown) => boolean>>

const isBytes = (value: unknown) => value instanceof Uint8Array && value.length > 0
const isText = (value: unknown) => typeof value === 'string' && value !== ''
const isInteger = (value: unknown) => Number.isInteger(value)
const isChain = (value: unknown) => Array.isArray(value) && value.length > 0 && value.every(isBytes)
const isOneCertificate = (value: unknown) => isChain(value) && (value as unknown[]).length === 1

/** Of each format its fields, as the grammar of WebAuthn L3 §8 names them. Self attestation (`packed` without `x5c`) and `none` are the library's. */
const shapes: Readonly<Record<string, Shape>> = {
  packed: { alg: isInteger, sig: isBytes, x5c: isChain },
  tpm: { ver: isText, alg: isInteger, sig: isBytes, x5c: isChain, certInfo: isBytes, pubArea: isBytes },
  'android-key': { alg: isInteger, sig: isBytes, x5c: isChain },
  'android-safetynet': { ver: isText, response: isBytes },
  'fido-u2f': { x5c: isOneCertificate, sig: isBytes },
  apple: { x5c: isChain }
}
const pss: Partial<VerifyKeyObjectInput> = {
  padding: constants.RSA_PKCS1_PSS_PADDING,
  saltLength: constants.RSA_PSS_SALTLEN_DIGEST
}
/** Of each algorithm (IANA, "COSE Algorithms") the hash, and what else a signature by it needs. */
const signatures: ReadonlyMap<unknown, { hash: string | null; more?: Partial<VerifyKeyObjectInput> }> = new Map([
  [-7, { hash: 'sha256' }],
  [-35, { hash: 'sha384' }],
  [-36, { hash: 'sha512' }],
  [-47, { hash: 'sha256' }],
  [-8, { hash: null }],
  [-257, { hash: 'sha256' }],
  [-258, { hash: 'sha384' }],
  [-259, { hash: 'sha512' }],
  [-65535, { hash: 'sha1' }],
  [-37, { hash: 'sha256', more: pss }],
  [-38, { hash: 'sha384', more: pss }],
  [-39, { hash: 'sha512', more: pss }]
])
/** Formats whose statement signs the authenticator data with the key of its first certificate. */
const signsData = new Set(['packed', 'android-key'])

/**
 * The attestation object to verify in place of `object`: without its statement where nothing more can be asked of it, as it is where the library has to look at the statement.
 * Null where the statement is none of its format. Both are base64url.
 */
export function withoutUnjudged(object: string, clientDataJSON: string, tools: AttestationTools): string | null {
  const decoded = tools.decodeAttestationObject(
    new Uint8Array(Buffer.from(object, 'base64url'))
  ) as Partial<Statement> | null
  if (typeof decoded?.get !== 'function') return object
  const [format, statement, data] = ['fmt', 'attStmt', 'authData'].map(key => decoded.get!(key))
  if (format === 'none' || (format === 'packed' && !has(statement, 'x5c'))) return object
  if (!isBytes(data) || !(format === 'compound' ? isCompound(statement) : isStatement(format, statement))) return null
  if (signsData.has(format as string)) {
    const field = (key: string) => (statement as Statement).get(key)
    const clientDataHash = createHash('sha256').update(Buffer.from(clientDataJSON, 'base64url')).digest()
    const signed = Buffer.concat([data as Uint8Array, clientDataHash])
    const isSigned = isSignedBy((field('x5c') as Bytes[])[0]!, field('alg'), signed, field('sig') as Bytes)
    if (!isSigned) return null
  }
  const bare = tools.isoCBOR.encode(
    new Map(Object.entries({ fmt: 'none', attStmt: new Map(), authData: data })) as never
  )
  return Buffer.from(bare).toString('base64url')
}

/** False also for an algorithm that nobody here can check. Throws where the certificate is none. */
function isSignedBy(certificate: Bytes, algorithm: unknown, data: Buffer, signature: Bytes): boolean {
  const by = signatures.get(algorithm)
  if (by === undefined) return false
  return verify(by.hash, data, { key: new X509Certificate(certificate).publicKey, ...by.more }, signature)
}

function isStatement(format: unknown, statement: unknown): boolean {
  if (typeof format !== 'string' || !Object.hasOwn(shapes, format)) return false
  const fields = Object.entries(shapes[format]!)
  return isMap(statement) && fields.every(([key, fits]) => fits(statement.get(key)))
}

/** Several statements of other formats about one credential (§8.9). */
function isCompound(statement: unknown): boolean {
  const isPart = (part: unknown) =>
    isMap(part) &&
    part.get('fmt') !== 'compound' &&
    (part.get('fmt') === 'packed' && !has(part.get('attStmt'), 'x5c')
      ? isMap(part.get('attStmt'))
      : isStatement(part.get('fmt'), part.get('attStmt')))
  return Array.isArray(statement) && statement.length >= 2 && statement.every(isPart)
}

function isMap(value: unknown): value is Statement {
  return value instanceof Map
}

function has(statement: unknown, key: string): boolean {
  return isMap(statement) && statement.get(key) !== undefined
}
