/** Checks of a SAML institution: its files, and that metadata from elsewhere is signed. */
import type { Diagnostics } from '../reading/diagnostics.ts'
import type { DraftSource } from '../schema.ts'
import { checkAuthority, readPair } from './certificates.ts'
import { lookAt } from './place.ts'

/** Attributes whose values are `local@scope` (`src/identity/saml/scope.ts`). */
const scopedNames: readonly string[] = [
  'eduPersonPrincipalName',
  'eduPersonUniqueId',
  'subject-id',
  'pairwise-id',
  'urn:oid:1.3.6.1.4.1.5923.1.1.1.6',
  'urn:oid:1.3.6.1.4.1.5923.1.1.1.13',
  'urn:oasis:names:tc:SAML:attribute:subject-id',
  'urn:oasis:names:tc:SAML:attribute:pairwise-id'
]

/** `path` is the key of the entry: `identity[1]`. */
export function checkSaml(entry: DraftSource<'saml'>, path: string, diagnostics: Diagnostics): void {
  const { metadata, metadataCertificate, ca, key, cert, mfa, realm, attributes } = entry
  // `Admissions`: a name with another realm is nobody's.
  if (realm != null && !realm.includes('.') && attributes?.name !== undefined && scopedNames.includes(attributes.name))
    diagnostics.warning(
      `${path}.realm`,
      `lets nobody in: ${attributes.name} has a scope of its own (alice@uni.example), which is not '${realm}'; leave realm out, or name people by another attribute (attributes.name)`
    )
  if (metadata?.kind === 'file' && metadata.file !== undefined) {
    diagnostics.files.set(metadata.file, `${path}.metadata`)
    const stats = lookAt(metadata.file)
    if (typeof stats === 'string') diagnostics.problem(`${path}.metadata`, stats)
    else if (stats === null) diagnostics.problem(`${path}.metadata`, 'names a file that does not exist')
    else if (!stats.isFile()) diagnostics.problem(`${path}.metadata`, 'must name a file')
    else if (metadataCertificate === null)
      diagnostics.advise(
        `${path}.metadata`,
        'is believed without a signature: whoever can change that file can let anybody in'
      )
  } else if (metadata !== undefined && metadataCertificate === null)
    diagnostics.problem(
      `${path}.metadataCertificate`,
      "is needed: metadata from an address must be signed, otherwise whoever can change it can let anybody in; the federation's operator publishes its certificate; metadata of one provider that is not signed: download it, look at it, and name the file"
    )
  if (metadataCertificate != null) checkAuthority(metadataCertificate, `${path}.metadataCertificate`, diagnostics)
  if (ca != null) checkAuthority(ca, `${path}.ca`, diagnostics)
  readPair({ key: key ?? null, cert: cert ?? null }, path, diagnostics)
  for (const [one, other] of [
    ['key', 'cert'],
    ['cert', 'key']
  ] as const)
    if (entry[one] != null && entry[other] === null)
      diagnostics.problem(`${path}.${one}`, `needs ${path}.${other} beside it`)
  if (mfa !== undefined && key === null && entry.signOut === 'institution' && diagnostics.isGiven(`${path}.signOut`))
    diagnostics.advise(`${path}.signOut`, 'needs key and cert: a request to sign out must be signed')
}
