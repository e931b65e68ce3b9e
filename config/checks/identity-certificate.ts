/** Checks of client certificates: the gate's own TLS, the files of authorities and revocation lists. */
import { X509Certificate } from 'node:crypto'
import { closeSync, openSync, readFileSync, readSync } from 'node:fs'
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

/** Unreadable files have their own message. */
function holdsPerson(file: string): boolean {
  try {
    const blocks = readFileSync(file, 'latin1').match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g)
    return blocks?.some(block => !new X509Certificate(block).ca) === true
  } catch {
    return false
  }
}

const pemMark = '-----BEGIN X509 CRL-----'

function checkList(file: string, path: string, diagnostics: Diagnostics): void {
  diagnostics.files.set(file, path)
  const head = headOf(file)
  // Authorities publish their lists in DER.
  if (head?.[0] === 0x30 && (head[1] ?? 0) >= 0x80) return
  if (head?.includes(pemMark)) return
  const text = readPem(file, path, diagnostics)
  if (text !== null && !text.includes(pemMark))
    diagnostics.problem(path, 'must name a revocation list, as PEM (BEGIN X509 CRL) or DER')
}

/** The beginning, since a list may have 50 MB; null if it cannot be read. */
function headOf(file: string): Buffer | null {
  try {
    const handle = openSync(file, 'r')
    try {
      const bytes = Buffer.alloc(4096)
      return bytes.subarray(0, readSync(handle, bytes))
    } finally {
      closeSync(handle)
    }
  } catch {
    return null
  }
}
