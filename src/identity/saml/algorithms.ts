/** The identifiers of algorithms in XML signatures and encryption (XML Signature 1.1 §6.1, XML Encryption 1.1 §5.1, RFC 9231). */
import { ds, xenc } from './namespaces.ts'

/** XML Encryption 1.1 has new names here. */
export const xenc11 = 'http://www.w3.org/2009/xmlenc11#'
/** RFC 9231. */
export const dsMore = 'http://www.w3.org/2001/04/xmldsig-more#'

export const excC14n = 'http://www.w3.org/2001/10/xml-exc-c14n#'
export const envelopedSignature = `${ds}enveloped-signature`
export const rsaSha256 = `${dsMore}rsa-sha256`

export const sha1 = `${ds}sha1`
export const sha256 = `${xenc}sha256`
export const sha384 = `${dsMore}sha384`
export const sha512 = `${xenc}sha512`

export const aes128Gcm = `${xenc11}aes128-gcm`
export const aes256Gcm = `${xenc11}aes256-gcm`
export const aes128Cbc = `${xenc}aes128-cbc`
export const aes256Cbc = `${xenc}aes256-cbc`

/** RSA-OAEP with SHA-1 for the mask. */
export const rsaOaepMgf1p = `${xenc}rsa-oaep-mgf1p`
export const rsaOaep = `${xenc11}rsa-oaep`
