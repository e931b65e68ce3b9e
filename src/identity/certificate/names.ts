/**
 * The names in a certificate, read from its bytes: commas and quotes can forge the text forms of libraries (CVE-2021-44532,
 * CVE-2021-44533).
 */
import type { X509Certificate } from 'node:crypto'
import { childrenOf, type Der, DerError, expectTag, oidOf, readDer, tags } from './der.ts'
import { fieldsOf, oids } from './fields.ts'

const nameFields = ['san.email', 'san.upn', 'san.dns', 'subject.cn', 'subject.uid', 'subject.email'] as const
export type NameField = (typeof nameFields)[number]

const inSubject: Partial<Record<NameField, string>> = {
  'subject.cn': oids.commonName,
  'subject.uid': oids.userId,
  'subject.email': oids.emailAddress
}

/** Every value of this field. Throws DerError for one that is no text. */
export function namesIn(certificate: X509Certificate, field: NameField): string[] {
  const { subject, extensions } = fieldsOf(certificate)
  const attribute = inSubject[field]
  if (attribute !== undefined) return attributesOf(subject, attribute)
  const alternative = extensions.get(oids.subjectAltName)
  if (alternative === undefined) return []
  return childrenOf(readDer(alternative.value, tags.sequence)).flatMap(name => {
    // GeneralName: [0] otherName, [1] rfc822Name, [2] dNSName.
    if (field === 'san.email' && name.tag === 0x81) return ascii(name)
    if (field === 'san.dns' && name.tag === 0x82) return ascii(name)
    if (field !== 'san.upn' || name.tag !== 0xa0) return []
    const [id, value] = childrenOf(name)
    return oidOf(id) === oids.upn ? textOf(childrenOf(expectTag(value, 0xa0))[0]) : []
  })
}

function attributesOf(subject: Der, attribute: string): string[] {
  return childrenOf(subject)
    .flatMap(set => childrenOf(expectTag(set, tags.set)))
    .flatMap(pair => {
      const [id, value] = childrenOf(expectTag(pair, tags.sequence))
      return oidOf(id) === attribute ? textOf(value) : []
    })
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const utf16 = new TextDecoder('utf-16be', { fatal: true, ignoreBOM: true })

function textOf(value: Der | undefined): string {
  try {
    if (value?.tag === tags.utf8) return utf8.decode(value.content)
    if (value?.tag === tags.bmp) return utf16.decode(value.content)
  } catch {
    throw new DerError('has a name that is not text')
  }
  if (value?.tag === tags.printable || value?.tag === tags.ia5) return ascii(value)
  throw new DerError('has a name in an encoding of old')
}

function ascii({ content }: Der): string {
  if (content.some(byte => byte >= 0x80)) throw new DerError('has a name that is not ASCII where it must be')
  return content.toString('latin1')
}
