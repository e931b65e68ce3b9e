/** Checks of client certificates: the gate's own TLS, the files of authorities and revocation lists. */
import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { Diagnostics } from '../reading/diagnostics.ts'
import type { DraftConfig, DraftSource } from '../schema.ts'
import { checkAuthorities, readPem } from './certificates.ts'

/** `now` in milliseconds. */
export function checkCertificate(
  { ca, crl, ocsp }: DraftSource<'certificate'>,
  path: string,
  { listen }: Pick<DraftConfig, 'listen'>,
  now: number,
  diagnostics: Diagnostics
): void {
  if (listen?.tls === null)
    diagnostics.problem(
      `${path}.kind`,
      "needs listen.tls, because a browser shows its certificate to whoever ends TLS; behind a proxy that ends TLS, let the proxy check the certificate and use kind 'header'"
    )
  if (ca !== undefined) {
    checkAuthorities(ca, `${path}.ca`, now, diagnostics)
    if (holdsPerson(ca))
      diagnostics.problem(
        `${path}.ca`,
        'must name the certificates of authorities alone (CA:TRUE); one in it is no authority'
      )
  }
  const isList = diagnostics.isGiven(`${path}.crl[0]`)
  for (const [index, file] of (crl ?? []).entries())
    if (file !== undefined) checkList(file, isList ? `${path}.crl[${index}]` : `${path}.crl`, diagnostics)
  if (crl === null && ocsp === false)
    diagnostics.warning(
      path,
      'has neither crl nor ocsp, so a certificate that is revoked, such as that of a lost card, still signs in; give one of the two'
    )
}

/** True if a certificate in the file cannot sign others. Unreadable files have their own message. */
function holdsPerson(file: string): boolean {
  try {
    const blocks = readFileSync(file, 'latin1').match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g)
    return blocks?.some(block => !new X509Certificate(block).ca) === true
  } catch {
    return false
  }
}

function checkList(file: string, path: string, diagnostics: Diagnostics): void {
  diagnostics.files.set(file, path)
  if (isDer(file)) return
  const text = readPem(file, path, diagnostics)
  if (text !== null && !text.includes('-----BEGIN X509 CRL-----'))
    diagnostics.problem(path, 'must name a revocation list, as PEM (BEGIN X509 CRL) or DER')
}

/** Authorities publish their lists in DER. */
function isDer(file: string): boolean {
  try {
    const [first, second = 0] = readFileSync(file)
    return first === 0x30 && second >= 0x80
  } catch {
    return false
  }
}
