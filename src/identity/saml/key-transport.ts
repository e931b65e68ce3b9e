/**
 * RSA-OAEP with other hashes than SHA-1 (XML Encryption 1.1 §5.5.2), which Keycloak uses and xml-encryption lacks. The content key is
 * opened here and given to the library in a form that it knows.
 */
import { constants, createHash, createPublicKey, privateDecrypt, publicEncrypt, timingSafeEqual } from 'node:crypto'
import { createRequire } from 'node:module'
import { rsaOaep, rsaOaepMgf1p, sha1, sha256, sha384, sha512, xenc11 } from './algorithms.ts'
import { ds, xenc } from './namespaces.ts'
import { SamlRefusal } from './refusal.ts'
import {
  atMostOne,
  attribute,
  elements,
  everyElement,
  exactlyOne,
  isNamed,
  textOf,
  treeOf,
  type XmlNode
} from './xml-tree.ts'

type Done = (error: Error | null, text?: string) => void
type Decrypt = (xml: string, options: { readonly key: string }, done: Done) => void

const digests: Readonly<Record<string, string>> = {
  [sha1]: 'sha1',
  [sha256]: 'sha256',
  [sha384]: 'sha384',
  [sha512]: 'sha512'
}
/** xml-encryption uses these names of its own for the older transport, with this hash for the mask too. */
const namesOfLibrary: readonly (string | null)[] = [`${ds}sha256`, `${ds}sha512`]
const masks: Readonly<Record<string, string>> = {
  [`${xenc11}mgf1sha1`]: 'sha1',
  [`${xenc11}mgf1sha256`]: 'sha256',
  [`${xenc11}mgf1sha384`]: 'sha384',
  [`${xenc11}mgf1sha512`]: 'sha512'
}

/** Called once in a thread. It changes the copy of xml-encryption that @node-saml/node-saml uses. */
export function addKeyTransports(): void {
  const ofLibrary = createRequire(createRequire(import.meta.url).resolve('@node-saml/node-saml'))
  const library = ofLibrary('xml-encryption') as { decrypt: Decrypt }
  const { decrypt } = library
  library.decrypt = (xml, options, done) => {
    let known: string
    try {
      known = withKnownTransport(xml, options.key)
    } catch (error) {
      return done(error as Error)
    }
    decrypt(known, options, done)
  }
}

/** Throws SamlRefusal. `key` is PEM. */
function withKnownTransport(xml: string, key: string): string {
  const root = treeOf(xml)
  const all = [...everyElement(root)]
  const [wrapped, another] = all.filter(node => isNamed(node, xenc, 'EncryptedKey'))
  if (wrapped === undefined || another !== undefined) return xml
  const method = exactlyOne(wrapped, xenc, 'EncryptionMethod')
  const transport = attribute(method, 'Algorithm')
  if (transport !== rsaOaepMgf1p && transport !== rsaOaep) return xml
  const mgf = transport === rsaOaepMgf1p ? null : atMostOne(method, xenc11, 'MGF')
  const named = elements(method).find(({ start }) => start.local === 'DigestMethod') ?? null
  if (transport === rsaOaepMgf1p && named !== null && namesOfLibrary.includes(attribute(named, 'Algorithm'))) return xml
  const digest = hashOf(named, digests)
  const mask = hashOf(mgf, masks)
  if (transport === rsaOaepMgf1p && digest === 'sha1') return xml
  const contentKey = openKey(Buffer.from(cipherOf(wrapped), 'base64'), key, digest, mask)
  const padding = { key: createPublicKey(key), padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha1' }
  const data = all.find(node => isNamed(node, xenc, 'EncryptedData'))
  if (data === undefined) throw new SamlRefusal('there is nothing encrypted')
  const cipher = attribute(exactlyOne(data, xenc, 'EncryptionMethod'), 'Algorithm') ?? ''
  if (!/^[\w:/.#-]+$/.test(cipher)) throw new SamlRefusal('the algorithm of the content has no valid name')
  return (
    `<x:EncryptedData xmlns:x="${xenc}"><x:EncryptionMethod Algorithm="${cipher}"/>` +
    `<d:KeyInfo xmlns:d="${ds}"><x:EncryptedKey><x:EncryptionMethod Algorithm="${rsaOaepMgf1p}"/>` +
    `${cipherData(publicEncrypt(padding, contentKey).toString('base64'))}</x:EncryptedKey></d:KeyInfo>` +
    `${cipherData(cipherOf(data))}</x:EncryptedData>`
  )
}

/** The default is SHA-1. */
function hashOf(node: XmlNode | null, names: Readonly<Record<string, string>>): string {
  if (node === null) return 'sha1'
  const name = attribute(node, 'Algorithm') ?? ''
  if (!Object.hasOwn(names, name)) throw new SamlRefusal('the key of the assertion is encrypted with an unknown hash')
  return names[name]!
}

function cipherOf(node: XmlNode): string {
  return textOf(exactlyOne(exactlyOne(node, xenc, 'CipherData'), xenc, 'CipherValue')).replace(/[^A-Za-z0-9+/=]/g, '')
}

function cipherData(value: string): string {
  return `<x:CipherData><x:CipherValue>${value}</x:CipherValue></x:CipherData>`
}

/** Node.js can open it only if both hashes are the same. */
function openKey(cipher: Buffer, key: string, digest: string, mask: string): Buffer {
  try {
    if (digest === mask)
      return privateDecrypt({ key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: digest }, cipher)
    return withoutPadding(privateDecrypt({ key, padding: constants.RSA_NO_PADDING }, cipher), digest, mask)
  } catch {
    throw new SamlRefusal('the key of the assertion cannot be opened')
  }
}

/** EME-OAEP decoding (RFC 8017 §7.1.2) with an empty label. All failed checks give one answer. */
export function withoutPadding(block: Buffer, digest: string, mask: string): Buffer {
  const labelHash = createHash(digest).digest()
  const size = labelHash.length
  if (block.length < 2 * size + 2) throw new Error('the key is too short')
  const masked = block.subarray(1 + size)
  const seed = xor(block.subarray(1, 1 + size), mgf1(masked, size, mask))
  const data = xor(masked, mgf1(seed, masked.length, mask))
  let isOpen = 0
  let start = 0
  for (let at = size; at < data.length; at++) {
    const isOne = Number(data[at] === 1)
    start += (1 - isOpen) * isOne * (at + 1)
    isOpen |= isOne
  }
  const isBlank = data.subarray(size, Math.max(size, start - 1)).every(byte => byte === 0)
  const isRight = [timingSafeEqual(data.subarray(0, size), labelHash), block[0] === 0, isOpen === 1, isBlank]
  if (isRight.includes(false)) throw new Error('the padding is wrong')
  return data.subarray(start)
}

function xor(one: Buffer, other: Buffer): Buffer {
  return Buffer.from(one.map((byte, at) => byte ^ other[at]!))
}

/** RFC 8017 §B.2.1. */
function mgf1(seed: Buffer, length: number, hash: string): Buffer {
  const parts: Buffer[] = []
  for (let counter = 0, bytes = 0; bytes < length; counter++) {
    const number = Buffer.alloc(4)
    number.writeUInt32BE(counter)
    const part = createHash(hash).update(seed).update(number).digest()
    parts.push(part)
    bytes += part.length
  }
  return Buffer.concat(parts).subarray(0, length)
}
