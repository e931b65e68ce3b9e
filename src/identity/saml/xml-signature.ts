/**
 * Enveloped XML signatures (SAML Core §5.4): one reference, to the element itself, exclusive canonicalization, RSA with SHA-2. The key is
 * given, never taken from the message. Anything else is refused, so that no two readers differ about the signed part.
 */
import { createHash, type KeyObject } from 'node:crypto'
import { envelopedSignature, excC14n, sha256, sha384, sha512 } from './algorithms.ts'
import { ds } from './namespaces.ts'
import { quoted, SamlRefusal } from './refusal.ts'
import { isSignature, signatureAlgorithms } from './signature-algorithms.ts'
import { atMostOne, attribute, canonicalOf, elements, exactlyOne, isNamed, textOf, type XmlNode } from './xml-tree.ts'

export interface XmlSignature {
  /** The canonical form that the signature value covers. */
  readonly signedInfo: string
  /** One of `signatureAlgorithms`. */
  readonly algorithm: string
  readonly value: Buffer
  /** Empty for the whole document. */
  readonly reference: string
  readonly digestHash: string
  readonly digest: Buffer
  /** Prefixes of InclusiveNamespaces in the reference. */
  readonly inclusive: ReadonlySet<string>
}

const maxPrefixes = 32
const digestHashes: Readonly<Record<string, string>> = {
  [sha256]: 'sha256',
  [sha384]: 'sha384',
  [sha512]: 'sha512'
}

/** False without a signature. Throws SamlRefusal for a wrong signature. */
export function isSignedBy(node: XmlNode, keys: readonly KeyObject[]): boolean {
  const element = atMostOne(node, ds, 'Signature')
  if (element === null) return false
  const signature = readSignature(element)
  const id = attribute(node, 'ID')
  if (id === null || id === '' || signature.reference !== id)
    throw new SamlRefusal(`the signature in ${node.start.local} is about another element`)
  checkValue(signature, keys)
  const digest = createHash(signature.digestHash)
    .update(canonicalOf(node, signature.inclusive, element))
    .digest()
  if (!digest.equals(signature.digest)) throw new SamlRefusal(`${node.start.local} was changed after it was signed`)
  return true
}

/** Throws SamlRefusal if none of the keys has signed. */
export function checkValue(signature: XmlSignature, keys: readonly KeyObject[]): void {
  const data = Buffer.from(signature.signedInfo)
  if (!keys.some(key => isSignature(signature.algorithm, data, key, signature.value)))
    throw new SamlRefusal('the signature was made with another key than those in the metadata')
}

/** Throws SamlRefusal. */
export function readSignature(node: XmlNode): XmlSignature {
  const info = exactlyOne(node, ds, 'SignedInfo')
  const [method, algorithm, reference, ...more] = elements(info)
  const isWhole =
    method !== undefined &&
    algorithm !== undefined &&
    reference !== undefined &&
    more.length === 0 &&
    isNamed(method, ds, 'CanonicalizationMethod') &&
    isNamed(algorithm, ds, 'SignatureMethod') &&
    isNamed(reference, ds, 'Reference')
  if (!isWhole) throw new SamlRefusal('the signature does not have exactly one reference')
  requireC14n(method)
  const uri = attribute(reference, 'URI') ?? ''
  if (uri !== '' && !uri.startsWith('#')) throw new SamlRefusal('the signature is about something outside the message')
  return {
    signedInfo: canonicalOf(info, inclusiveOf(method), null),
    algorithm: algorithmOf(algorithm, Object.keys(signatureAlgorithms)),
    value: bytesOf(exactlyOne(node, ds, 'SignatureValue')),
    reference: uri.slice(1),
    digestHash: digestHashes[algorithmOf(exactlyOne(reference, ds, 'DigestMethod'), Object.keys(digestHashes))]!,
    digest: bytesOf(exactlyOne(reference, ds, 'DigestValue')),
    inclusive: transforms(reference)
  }
}

/** Enveloped, then exclusive canonicalization, and nothing else (SAML Core §5.4.4). */
function transforms(reference: XmlNode): ReadonlySet<string> {
  const [first, second, ...more] = elements(exactlyOne(reference, ds, 'Transforms'))
  const isWhole = first !== undefined && second !== undefined && more.length === 0
  if (
    !isWhole ||
    !isNamed(first, ds, 'Transform') ||
    !isNamed(second, ds, 'Transform') ||
    attribute(first, 'Algorithm') !== envelopedSignature
  )
    throw new SamlRefusal('the signature does not have the two transforms of SAML')
  if (elements(first).length > 0)
    throw new SamlRefusal('the signature has a transform with more inside than it may have')
  requireC14n(second)
  return inclusiveOf(second)
}

function requireC14n(node: XmlNode): void {
  const algorithm = attribute(node, 'Algorithm') ?? ''
  if (algorithm !== excC14n)
    throw new SamlRefusal(
      `the signature canonicalizes with ${quoted(algorithm)}; exclusive canonicalization is accepted alone`
    )
}

function inclusiveOf(node: XmlNode): ReadonlySet<string> {
  const inside = elements(node)
  const list = inside.length === 0 ? null : exactlyOne(node, excC14n, 'InclusiveNamespaces')
  if (inside.length > 1) throw new SamlRefusal('the signature has a transform with more inside than it may have')
  const text = list === null ? '' : (attribute(list, 'PrefixList') ?? '')
  const prefixes = text.split(/[ \t\n]+/).filter(prefix => prefix !== '')
  // Each element is compared with each prefix, before the signature is verified.
  if (prefixes.length > maxPrefixes) throw new SamlRefusal(`the signature names more than ${maxPrefixes} prefixes`)
  return new Set(prefixes.map(prefix => (prefix === '#default' ? '' : prefix)))
}

function algorithmOf(node: XmlNode, known: readonly string[]): string {
  const algorithm = attribute(node, 'Algorithm') ?? ''
  if (!known.includes(algorithm))
    throw new SamlRefusal(
      `the signature uses ${quoted(algorithm)}; RSA or ECDSA with SHA-256, SHA-384 or SHA-512 is accepted alone`
    )
  return algorithm
}

function bytesOf(node: XmlNode): Buffer {
  const text = textOf(node).replace(/[ \t\n\r]+/g, '')
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(text)) throw new SamlRefusal(`${node.start.local} is not base64`)
  return Buffer.from(text, 'base64')
}
