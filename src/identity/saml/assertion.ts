/** The facts of one SAML assertion, whose signature is checked before: form, times, audience and recipient (SAML Profiles §4.1.4.3). */
import { toldAt } from '../../factor/proof.ts'
import { timeOf } from './metadata-entity.ts'
import { saml } from './namespaces.ts'
import { quoted, SamlRefusal } from './refusal.ts'
import { atMostOne, attribute, canonicalOf, elements, exactlyOne, isNamed, textOf, type XmlNode } from './xml-tree.ts'

export interface ExpectedAssertion {
  /** Entity id of the identity provider that has signed. */
  readonly issuer: string
  /** Our entity id. */
  readonly audience: string
  /** Where our answers arrive. */
  readonly recipient: string
  /** Milliseconds since the epoch. */
  readonly now: number
  readonly skewMs: number
}

export interface NameId {
  readonly value: string
  readonly format: string | null
  readonly nameQualifier: string | null
  readonly spNameQualifier: string | null
}

export interface AssertionFacts {
  readonly id: string
  readonly nameId: NameId | null
  /** XML of the `EncryptedID` instead of a NameID. */
  readonly encryptedId: string | null
  readonly inResponseTo: string
  /** Like all times here, in milliseconds since the epoch. */
  readonly notOnOrAfter: number
  readonly authenticatedAt: number
  readonly context: string | null
  readonly sessionIndex: string | null
  readonly sessionEndsAt: number | null
  readonly attributes: readonly SamlAttribute[]
}

export interface SamlAttribute {
  readonly name: string
  readonly friendlyName: string | null
  readonly values: readonly string[]
}

const bearer = 'urn:oasis:names:tc:SAML:2.0:cm:bearer'
const knownConditions = ['AudienceRestriction', 'OneTimeUse', 'ProxyRestriction']

/** Throws SamlRefusal. */
export function readAssertion(assertion: XmlNode, expected: ExpectedAssertion): AssertionFacts {
  if (!isNamed(assertion, saml, 'Assertion') || attribute(assertion, 'Version') !== '2.0')
    throw new SamlRefusal('the answer holds no assertion of SAML 2.0')
  checkIssuer(exactlyOne(assertion, saml, 'Issuer'), expected.issuer)
  const id = attribute(assertion, 'ID') ?? ''
  if (id === '') throw new SamlRefusal('the assertion has no ID')
  const issuedAt = requiredTime(assertion, 'IssueInstant')
  if (issuedAt > expected.now + expected.skewMs)
    throw new SamlRefusal(`the assertion was made in the future, at ${at(issuedAt)}: one of the clocks is wrong`)
  const subject = exactlyOne(assertion, saml, 'Subject')
  const confirmed = confirmation(subject, expected)
  const conditions = checkConditions(exactlyOne(assertion, saml, 'Conditions'), expected)
  return {
    id,
    ...subjectOf(subject),
    inResponseTo: confirmed.inResponseTo,
    notOnOrAfter: Math.min(confirmed.notOnOrAfter, conditions ?? Number.POSITIVE_INFINITY),
    ...authentication(assertion, expected),
    attributes: attributesOf(assertion)
  }
}

/** Throws SamlRefusal. */
export function checkIssuer(issuer: XmlNode, entityId: string): void {
  const said = textOf(issuer).trim()
  const format = attribute(issuer, 'Format')
  if (format !== null && format !== 'urn:oasis:names:tc:SAML:2.0:nameid-format:entity')
    throw new SamlRefusal(`the issuer has the format ${quoted(format)}`)
  if (said !== entityId)
    throw new SamlRefusal(`the issuer is ${quoted(said)}, and the keys belong to ${quoted(entityId)}`)
}

/** One bearer confirmation for us is enough (SAML Profiles §4.1.4.2). */
function confirmation(
  subject: XmlNode,
  { recipient, now, skewMs }: ExpectedAssertion
): { inResponseTo: string; notOnOrAfter: number } {
  const why: string[] = []
  for (const each of elements(subject, saml, 'SubjectConfirmation')) {
    if (attribute(each, 'Method') !== bearer) continue
    const data = exactlyOne(each, saml, 'SubjectConfirmationData')
    const notOnOrAfter = requiredTime(data, 'NotOnOrAfter')
    const notBefore = optionalTime(data, 'NotBefore')
    const inResponseTo = attribute(data, 'InResponseTo')
    const to = attribute(data, 'Recipient') ?? ''
    if (to !== recipient) why.push(`its Recipient is ${quoted(to)}, and ours is ${quoted(recipient)}`)
    else if (notOnOrAfter <= now - skewMs) why.push(`it expired at ${at(notOnOrAfter)}`)
    else if (notBefore !== null && notBefore > now + skewMs) why.push(`it begins at ${at(notBefore)}`)
    else if (inResponseTo === null || inResponseTo === '') why.push('it answers no request of ours (InResponseTo)')
    else return { inResponseTo, notOnOrAfter }
  }
  throw new SamlRefusal(`the assertion is not for us: ${why[0] ?? 'it has no bearer confirmation'}`)
}

/** The end, or null. An unknown condition makes the whole indeterminate (SAML Core §2.5.1.1). */
function checkConditions(conditions: XmlNode, { audience, now, skewMs }: ExpectedAssertion): number | null {
  const notBefore = optionalTime(conditions, 'NotBefore')
  const notOnOrAfter = optionalTime(conditions, 'NotOnOrAfter')
  if (notBefore !== null && notBefore > now + skewMs)
    throw new SamlRefusal(`the assertion begins at ${at(notBefore)}: one of the clocks is wrong`)
  if (notOnOrAfter !== null && notOnOrAfter <= now - skewMs)
    throw new SamlRefusal(`the assertion expired at ${at(notOnOrAfter)}`)
  for (const each of elements(conditions))
    if (each.start.namespace !== saml || !knownConditions.includes(each.start.local))
      throw new SamlRefusal(`the assertion has a condition that the gate does not know: ${quoted(each.start.local)}`)
  const restrictions = elements(conditions, saml, 'AudienceRestriction')
  const isForUs = (restriction: XmlNode) =>
    elements(restriction, saml, 'Audience').some(each => textOf(each).trim() === audience)
  if (restrictions.length === 0 || !restrictions.every(isForUs))
    throw new SamlRefusal(`the assertion is for another audience than ${quoted(audience)}`)
  return notOnOrAfter
}

function authentication(
  assertion: XmlNode,
  { now, skewMs }: ExpectedAssertion
): Pick<AssertionFacts, 'authenticatedAt' | 'context' | 'sessionIndex' | 'sessionEndsAt'> {
  const statement = exactlyOne(assertion, saml, 'AuthnStatement')
  const authenticatedAt = requiredTime(statement, 'AuthnInstant')
  if (authenticatedAt > now + skewMs)
    throw new SamlRefusal(
      `the person signed in there in the future, at ${at(authenticatedAt)}: one of the clocks is wrong`
    )
  const sessionEndsAt = optionalTime(statement, 'SessionNotOnOrAfter')
  if (sessionEndsAt !== null && sessionEndsAt <= now - skewMs)
    throw new SamlRefusal(`the session there ended at ${at(sessionEndsAt)}`)
  const context = atMostOne(exactlyOne(statement, saml, 'AuthnContext'), saml, 'AuthnContextClassRef')
  return {
    authenticatedAt: toldAt(authenticatedAt, now),
    context: context === null ? null : textOf(context).trim(),
    sessionIndex: attribute(statement, 'SessionIndex'),
    sessionEndsAt
  }
}

function subjectOf(subject: XmlNode): Pick<AssertionFacts, 'nameId' | 'encryptedId'> {
  const [plain, encrypted] = [atMostOne(subject, saml, 'NameID'), atMostOne(subject, saml, 'EncryptedID')]
  if (plain !== null && encrypted !== null) throw new SamlRefusal('the subject has a NameID and an encrypted one')
  return {
    nameId: plain === null ? null : readNameId(plain),
    encryptedId: encrypted === null ? null : canonicalOf(encrypted, new Set(), null)
  }
}

export function readNameId(node: XmlNode): NameId {
  return {
    value: textOf(node).trim(),
    format: attribute(node, 'Format'),
    nameQualifier: attribute(node, 'NameQualifier'),
    spNameQualifier: attribute(node, 'SPNameQualifier')
  }
}

/** Values that are no text (a NameID inside eduPersonTargetedID) are left out. */
function attributesOf(assertion: XmlNode): SamlAttribute[] {
  const found = new Map<string, { name: string; friendlyName: string | null; values: string[] }>()
  for (const statement of elements(assertion, saml, 'AttributeStatement'))
    for (const node of elements(statement, saml, 'Attribute')) {
      const name = attribute(node, 'Name') ?? ''
      const values = elements(node, saml, 'AttributeValue')
        .filter(each => elements(each).length === 0)
        .map(each => textOf(each).trim())
        .filter(text => text !== '')
      const known = found.get(name)
      if (known === undefined) found.set(name, { name, friendlyName: attribute(node, 'FriendlyName'), values })
      else known.values.push(...values)
    }
  return [...found.values()]
}

function requiredTime(node: XmlNode, name: string): number {
  const time = optionalTime(node, name)
  if (time === null) throw new SamlRefusal(`${node.start.local} has no ${name}`)
  return time
}

function optionalTime(node: XmlNode, name: string): number | null {
  const text = attribute(node, name)
  const time = timeOf(text)
  if (text !== null && time === null)
    throw new SamlRefusal(`${name} of ${node.start.local} is no time: ${quoted(text)}`)
  return time
}

const at = (time: number) => new Date(time).toISOString()
