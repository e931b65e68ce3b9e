/**
 * Checks attestation statements without trust anchors: their syntax (WebAuthn L3 §8), and the signatures of `packed` and `android-key`
 * (§8.2, §8.4; §7.1 steps 23 and 24).
 */
import { constants, createHash, type VerifyKeyObjectInput, verify, X509Certificate } from 'node:crypto'

type Bytes = Uint8Array<ArrayBuffer>

/** CBOR functions of the library. All may throw. */
interface AttestationTools {
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

/** The fields by format (WebAuthn L3 §8). The library handles self attestation and `none`. */
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
/** Algorithm (IANA, "COSE Algorithms") to hash and options. */
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
/** Formats whose whole statement the library verifies (§8). */
const verifiedFormats = new Set(['packed', 'tpm', 'android-key', 'fido-u2f', 'apple'])
/** Formats whose certificate signs the authenticator data. */
const signsData = new Set(['packed', 'android-key'])

/** Returns `object` without its statement, unless the library must check it. Null for a malformed statement. Both are base64url. */
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

/**
 * The certificates of a statement that the library verifies whole, the leaf first. Null for none, for self attestation, and for formats
 * without a verifier: SafetyNet has ended, and the library reads no compound.
 */
export function attestedChain(object: string, tools: AttestationTools): Bytes[] | null {
  const decoded = tools.decodeAttestationObject(
    new Uint8Array(Buffer.from(object, 'base64url'))
  ) as Partial<Statement> | null
  if (typeof decoded?.get !== 'function') return null
  const statement = decoded.get('attStmt')
  if (!verifiedFormats.has(decoded.get('fmt') as string) || !isMap(statement)) return null
  const chain = statement.get('x5c')
  return isChain(chain) ? (chain as Bytes[]) : null
}

/** False also for an unknown algorithm. Throws for a bad certificate. */
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

/** One credential with several statements (§8.9). */
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
