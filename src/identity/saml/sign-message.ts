/** The enveloped signature of a message that the gate sends by a form (SAML Bindings §3.5.4.1): RSA with SHA-256, exclusive canonicalization. */
import { createHash, type KeyObject, sign } from 'node:crypto'
import { envelopedSignature, excC14n, rsaSha256, sha256 } from './algorithms.ts'
import { ds } from './namespaces.ts'
import { attribute, canonicalOf, treeOf } from './xml-tree.ts'

/** `xml`: a message of ours, with an ID and an Issuer. The signature follows the Issuer (SAML Core §3.2.1). */
export function signMessage(xml: string, key: KeyObject): string {
  const root = treeOf(xml)
  const digest = createHash('sha256')
    .update(canonicalOf(root, new Set(), null))
    .digest('base64')
  const info =
    `<ds:SignedInfo xmlns:ds="${ds}"><ds:CanonicalizationMethod Algorithm="${excC14n}"/>` +
    `<ds:SignatureMethod Algorithm="${rsaSha256}"/>` +
    `<ds:Reference URI="#${attribute(root, 'ID')}"><ds:Transforms><ds:Transform Algorithm="${envelopedSignature}"/>` +
    `<ds:Transform Algorithm="${excC14n}"/></ds:Transforms><ds:DigestMethod Algorithm="${sha256}"/>` +
    `<ds:DigestValue>${digest}</ds:DigestValue></ds:Reference></ds:SignedInfo>`
  const value = sign('sha256', Buffer.from(canonicalOf(treeOf(info), new Set(), null)), key).toString('base64')
  const signature = `<ds:Signature xmlns:ds="${ds}">${info}<ds:SignatureValue>${value}</ds:SignatureValue></ds:Signature>`
  return xml.replace('</saml:Issuer>', end => end + signature)
}
