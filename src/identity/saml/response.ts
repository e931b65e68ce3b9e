/**
 * Checks a `samlp:Response`. Our own reader and signature check come first; @node-saml/node-saml must agree, and decrypts. Only what both
 * find signed is read (THREATS: signature wrapping).
 */
import type { KeyObject } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import { aes128Cbc, aes128Gcm, aes256Cbc, aes256Gcm, rsaOaep, rsaOaepMgf1p } from './algorithms.ts'
import { type AssertionFacts, checkIssuer, type ExpectedAssertion, readAssertion } from './assertion.ts'
import { ds, saml, samlp, xenc } from './namespaces.ts'
import { quoted, SamlRefusal } from './refusal.ts'
import { isSignedBy } from './xml-signature.ts'
import {
  atMostOne,
  attribute,
  canonicalOf,
  elements,
  everyElement,
  exactlyOne,
  isNamed,
  textOf,
  treeOf,
  type XmlNode
} from './xml-tree.ts'

interface SamlResponse {
  readonly root: XmlNode
  /** In base64, as received. */
  readonly encoded: string
  /** Unverified. */
  readonly issuer: string
  /** Unverified. */
  readonly inResponseTo: string | null
}

interface SamlStatus {
  /** The last parts of the two codes (`Responder`, `NoAuthnContext`). */
  readonly code: string
  readonly detail: string | null
}

interface OpinionQuestion {
  /** The response in base64. */
  readonly encoded: string
  readonly isResponseSigned: boolean
  /** The encrypted assertion; null for a plain one. */
  readonly encrypted: string | null
  /** False before any valid signature: anybody may be asking. */
  readonly isVerified: boolean
}

interface SecondOpinion {
  /** The assertion that the library finds signed. */
  readonly assertion: string
  /** The decrypted text; null for a plain one. */
  readonly opened: string | null
}

/** Rejects with SamlRefusal if the library disagrees, and with GateError `institution_unreachable` if the queue is full. */
export type AskSecondReader = (question: OpinionQuestion) => Promise<SecondOpinion>

const success = 'urn:oasis:names:tc:SAML:2.0:status:Success'
/** RSA 1.5 and Triple DES are broken in XML encryption (Jager, Schinzel and Somorovsky 2012). */
const ciphers: readonly string[] = [aes128Gcm, aes256Gcm, aes128Cbc, aes256Cbc]
const keyTransports: readonly string[] = [rsaOaepMgf1p, rsaOaep]

/** Throws SamlRefusal. */
export function openResponse(field: string): SamlResponse {
  const encoded = field.replace(/[\r\n\t ]+/g, '')
  if (encoded === '' || !/^[A-Za-z0-9+/]+={0,2}$/.test(encoded))
    throw new SamlRefusal('the form holds no SAML response')
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(encoded, 'base64'))
  } catch {
    throw new SamlRefusal('the response is not UTF-8')
  }
  const root = treeOf(text)
  if (!isNamed(root, samlp, 'Response'))
    throw new SamlRefusal(`the message is no response but ${quoted(root.start.local)}`)
  if (attribute(root, 'Version') !== '2.0') throw new SamlRefusal('the response is not of SAML 2.0')
  const issuer = atMostOne(root, saml, 'Issuer')
  const inside = elements(root, saml, 'Assertion')
  const said = issuer ?? (inside.length === 1 ? atMostOne(inside[0]!, saml, 'Issuer') : null)
  if (said === null) throw new SamlRefusal('the response does not say who made it (Issuer)')
  return { root, encoded, issuer: textOf(said).trim(), inResponseTo: attribute(root, 'InResponseTo') }
}

/** Null for success. */
export function statusOf({ root }: SamlResponse): SamlStatus | null {
  const status = exactlyOne(root, samlp, 'Status')
  const outer = exactlyOne(status, samlp, 'StatusCode')
  const value = attribute(outer, 'Value') ?? ''
  if (value === success) return null
  const inner = elements(outer, samlp, 'StatusCode')[0]
  const message = elements(status, samlp, 'StatusMessage')[0]
  const last = (text: string | null) => /[A-Za-z]{1,40}$/.exec(text ?? '')?.[0]
  return {
    code: (inner === undefined ? undefined : last(attribute(inner, 'Value'))) ?? last(value) ?? 'unknown',
    detail: message === undefined ? null : quoted(textOf(message))
  }
}

/** Rejects with SamlRefusal. `keys` are those of `expected.issuer`. */
export async function verifyResponse(
  response: SamlResponse,
  expected: ExpectedAssertion,
  keys: readonly KeyObject[],
  askSecondReader: AskSecondReader
): Promise<AssertionFacts> {
  const { root } = response
  const isResponseSigned = isSignedBy(root, keys)
  checkEnvelope(root, expected, isResponseSigned)
  const plain = elements(root, saml, 'Assertion')
  const encrypted = elements(root, saml, 'EncryptedAssertion')
  if (plain.length + encrypted.length !== 1)
    throw new SamlRefusal(`the response has ${plain.length + encrypted.length} assertions where there is one`)
  checkPlacement(root, plain[0] ?? null)
  if (encrypted[0] !== undefined) checkCiphers(encrypted[0])
  if (plain[0] !== undefined) requireSignature(plain[0], keys, isResponseSigned)
  const early = plain[0] === undefined ? null : readAssertion(plain[0], expected)
  const { assertion, opened } = await askSecondReader({
    encoded: response.encoded,
    isResponseSigned,
    encrypted: encrypted[0] === undefined ? null : canonicalOf(encrypted[0], new Set(), null),
    isVerified: isResponseSigned || early !== null
  })
  const facts = early ?? readOpened(opened ?? '', expected, keys, isResponseSigned)
  if (!isDeepStrictEqual(facts, readAssertion(treeOf(assertion), expected)))
    throw new SamlRefusal('two readers of the response differ about its assertion')
  const inResponseTo = attribute(root, 'InResponseTo')
  if (inResponseTo !== null && inResponseTo !== facts.inResponseTo)
    throw new SamlRefusal('the response and its assertion answer different requests (InResponseTo)')
  return facts
}

function requireSignature(assertion: XmlNode, keys: readonly KeyObject[], isResponseSigned: boolean): void {
  const isAssertionSigned = isSignedBy(assertion, keys)
  if (!isResponseSigned && !isAssertionSigned) throw new SamlRefusal('neither the response nor the assertion is signed')
}

function readOpened(
  text: string,
  expected: ExpectedAssertion,
  keys: readonly KeyObject[],
  isResponseSigned: boolean
): AssertionFacts {
  const assertion = treeOf(text)
  checkPlacement(assertion, null)
  requireSignature(assertion, keys, isResponseSigned)
  return readAssertion(assertion, expected)
}

/** The envelope may be unsigned, so it can only refuse. */
function checkEnvelope(root: XmlNode, { issuer, recipient }: ExpectedAssertion, isSigned: boolean): void {
  const said = atMostOne(root, saml, 'Issuer')
  if (said !== null) checkIssuer(said, issuer)
  const destination = attribute(root, 'Destination')
  // SAML Bindings §3.5.5.2: a signed message names its destination.
  if ((destination ?? '') === '' ? isSigned : destination !== recipient)
    throw new SamlRefusal(
      `the response goes to ${quoted(destination ?? '')}, and ours is ${quoted(recipient)} (Destination)`
    )
}

/** Refuses assertions, responses and signatures outside their places, so that no reader finds another one. */
function checkPlacement(root: XmlNode, assertion: XmlNode | null): void {
  const own = [root, assertion].filter(each => each !== null)
  for (const node of everyElement(root)) {
    const isMessage = isNamed(node, saml, 'Assertion') || isNamed(node, samlp, 'Response')
    if (isMessage && !own.includes(node)) throw new SamlRefusal(`the response has another ${node.start.local} inside`)
    const holdsSignature = elements(node, ds, 'Signature').length > 0
    if (holdsSignature && !own.includes(node))
      throw new SamlRefusal(`the response has a signature inside ${node.start.local}`)
  }
}

/** Throws SamlRefusal for ciphers that others can open. */
export function checkCiphers(encrypted: XmlNode): void {
  const data = exactlyOne(encrypted, xenc, 'EncryptedData')
  const of = (node: XmlNode) => attribute(exactlyOne(node, xenc, 'EncryptionMethod'), 'Algorithm') ?? ''
  if (!ciphers.includes(of(data)))
    throw new SamlRefusal(
      `the assertion is encrypted with ${quoted(of(data))}, and AES with 128 or 256 bits is accepted alone`
    )
  for (const node of everyElement(encrypted))
    if (isNamed(node, xenc, 'EncryptedKey') && !keyTransports.includes(of(node)))
      throw new SamlRefusal(
        `the key of the assertion is encrypted with ${quoted(of(node))}, and RSA-OAEP is accepted alone`
      )
}
