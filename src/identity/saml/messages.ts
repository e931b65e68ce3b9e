/** The XML that the gate sends: sign-in and sign-out requests, sign-out answers, and its own metadata. */
import { aes128Gcm, aes256Gcm, rsaOaepMgf1p } from './algorithms.ts'
import type { NameId } from './assertion.ts'
import * as ns from './namespaces.ts'

interface AuthnRequest {
  readonly id: string
  readonly now: number
  readonly destination: string
  readonly entityId: string
  readonly acs: string
  /** AuthnContext classes. */
  readonly contexts: readonly string[]
  /** The person must authenticate anew. */
  readonly isForced: boolean
}

/** SAML Core §3.4.1. */
export function authnRequest({ id, now, destination, entityId, acs, contexts, isForced }: AuthnRequest): string {
  const asked = contexts.map(each => `<saml:AuthnContextClassRef>${escaped(each)}</saml:AuthnContextClassRef>`).join('')
  return (
    `<samlp:AuthnRequest xmlns:samlp="${ns.samlp}" xmlns:saml="${ns.saml}" ID="${id}" Version="2.0" IssueInstant="${instant(now)}"` +
    ` Destination="${escaped(destination)}" AssertionConsumerServiceURL="${escaped(acs)}" ProtocolBinding="${ns.postBinding}"${isForced ? ' ForceAuthn="true"' : ''}>` +
    `<saml:Issuer>${escaped(entityId)}</saml:Issuer><samlp:NameIDPolicy AllowCreate="true"/>` +
    (asked === '' ? '' : `<samlp:RequestedAuthnContext Comparison="exact">${asked}</samlp:RequestedAuthnContext>`) +
    '</samlp:AuthnRequest>'
  )
}

interface LogoutRequest {
  readonly id: string
  readonly now: number
  readonly destination: string
  readonly entityId: string
  readonly nameId: NameId
  readonly sessionIndex: string | null
}

/** SAML Core §3.7.1. */
export function logoutRequest({ id, now, destination, entityId, nameId, sessionIndex }: LogoutRequest): string {
  const qualifiers = [
    ['Format', nameId.format],
    ['NameQualifier', nameId.nameQualifier],
    ['SPNameQualifier', nameId.spNameQualifier]
  ].map(([name, value]) => (value === null ? '' : ` ${name}="${escaped(value as string)}"`))
  return (
    `<samlp:LogoutRequest xmlns:samlp="${ns.samlp}" xmlns:saml="${ns.saml}" ID="${id}" Version="2.0" IssueInstant="${instant(now)}"` +
    ` Destination="${escaped(destination)}" NotOnOrAfter="${instant(now + 300_000)}"><saml:Issuer>${escaped(entityId)}</saml:Issuer>` +
    `<saml:NameID${qualifiers.join('')}>${escaped(nameId.value)}</saml:NameID>` +
    (sessionIndex === null ? '' : `<samlp:SessionIndex>${escaped(sessionIndex)}</samlp:SessionIndex>`) +
    '</samlp:LogoutRequest>'
  )
}

/** SAML Core §3.7.2. */
export function logoutResponse(answer: {
  id: string
  now: number
  destination: string
  entityId: string
  inResponseTo: string
}): string {
  return (
    `<samlp:LogoutResponse xmlns:samlp="${ns.samlp}" xmlns:saml="${ns.saml}" ID="${answer.id}" Version="2.0" IssueInstant="${instant(answer.now)}"` +
    ` Destination="${escaped(answer.destination)}" InResponseTo="${escaped(answer.inResponseTo)}"><saml:Issuer>${escaped(answer.entityId)}</saml:Issuer>` +
    '<samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status></samlp:LogoutResponse>'
  )
}

interface OwnMetadata {
  readonly entityId: string
  readonly acs: string
  readonly slo: string
  readonly title: string
  /** X.509 in base64 (DER); null without a key. */
  readonly certificate: string | null
  /** The used attributes, by their names in messages. */
  readonly attributes: readonly string[]
}

/** SAML Metadata §2.4.4. It offers sign-out by redirect alone. */
export function ownMetadata({ entityId, acs, slo, title, certificate, attributes }: OwnMetadata): string {
  const info =
    certificate === null
      ? ''
      : `<ds:KeyInfo xmlns:ds="${ns.ds}"><ds:X509Data><ds:X509Certificate>${certificate}</ds:X509Certificate></ds:X509Data></ds:KeyInfo>`
  const methods = [aes128Gcm, aes256Gcm, rsaOaepMgf1p]
    .map(each => `<md:EncryptionMethod Algorithm="${each}"/>`)
    .join('')
  const keys =
    info === ''
      ? ''
      : `<md:KeyDescriptor use="signing">${info}</md:KeyDescriptor><md:KeyDescriptor use="encryption">${info}${methods}</md:KeyDescriptor>`
  const requested = attributes
    .map(
      each =>
        `<md:RequestedAttribute Name="${escaped(each)}" NameFormat="urn:oasis:names:tc:SAML:2.0:attrname-format:uri"/>`
    )
    .join('')
  return (
    `<?xml version="1.0" encoding="UTF-8"?>\n<md:EntityDescriptor xmlns:md="${ns.md}" entityID="${escaped(entityId)}">` +
    `<md:SPSSODescriptor protocolSupportEnumeration="${ns.samlp}" AuthnRequestsSigned="${certificate !== null}" WantAssertionsSigned="true">` +
    `<md:Extensions><mdui:UIInfo xmlns:mdui="${ns.mdui}"><mdui:DisplayName xml:lang="en">${escaped(title)}</mdui:DisplayName></mdui:UIInfo></md:Extensions>` +
    keys +
    (certificate === null
      ? ''
      : `<md:SingleLogoutService Binding="${ns.redirectBinding}" Location="${escaped(slo)}"/>`) +
    `<md:AssertionConsumerService Binding="${ns.postBinding}" Location="${escaped(acs)}" index="0" isDefault="true"/>` +
    `<md:AttributeConsumingService index="0"><md:ServiceName xml:lang="en">${escaped(title)}</md:ServiceName>${requested}</md:AttributeConsumingService>` +
    '</md:SPSSODescriptor></md:EntityDescriptor>\n'
  )
}

function instant(now: number): string {
  return new Date(now).toISOString().replace(/\.\d+Z$/, 'Z')
}

function escaped(text: string): string {
  return text.replace(/[&<>"\t\n\r]/g, char => `&#${char.charCodeAt(0)};`)
}
