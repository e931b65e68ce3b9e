/** Probes client certificates: authorities and revocation lists are readable and in date. */
import type { X509Certificate } from 'node:crypto'
import type { Config } from '../../../config/schema.ts'
import { dayMs } from '../../clock.ts'
import { isInTime } from '../../identity/certificate/chain.ts'
import { readLists } from '../../identity/certificate/lists.ts'
import { readAuthorities } from '../../identity/certificate.ts'
import type { ProbeFinding } from './finding.ts'

type CertificateConfig = Extract<Config['identity'][number], { kind: 'certificate' }>

const soonMs = dayMs

export async function probeCertificates(
  { ca, crl }: Pick<CertificateConfig, 'ca' | 'crl'>,
  path: string,
  now: number
): Promise<ProbeFinding[]> {
  const authorities = await readAuthorities(ca)
  const found = authorities.flatMap(authority => authorityFinding(authority, `${path}.ca`, now))
  for (const [index, file] of (crl ?? []).entries()) {
    const at = `${path}.crl[${index}]`
    try {
      for (const list of await readLists([file])) found.push(...(await listFinding(list, file, authorities, at, now)))
    } catch (error) {
      found.push({ degree: 'problem', path: at, wrong: (error as Error).message, mend: 'give the list as PEM or DER' })
    }
  }
  return found
}

function authorityFinding(authority: X509Certificate, path: string, now: number): ProbeFinding[] {
  if (isInTime(authority, now)) return []
  const { subject, validFrom, validTo } = authority
  const name = subject.replaceAll('\n', ', ')
  const wrong = `the authority ${name} is out of date: it is valid from ${validFrom} to ${validTo}`
  return [{ degree: 'warning', path, wrong, mend: 'add the certificate that has taken its place, and check the clock' }]
}

async function listFinding(
  list: Awaited<ReturnType<typeof readLists>>[number],
  file: string,
  authorities: readonly X509Certificate[],
  path: string,
  now: number
): Promise<ProbeFinding[]> {
  const end = new Date(list.until).toISOString()
  if (!list.isCurrent(now)) {
    const wrong = `the revocation list ${file} is not valid now; it ends at ${end}`
    return [{ degree: 'problem', path, wrong, mend: 'fetch the present list of the authority, and check the clock' }]
  }
  const found: ProbeFinding[] = []
  const signed = await Promise.all(authorities.map(authority => list.isBy(authority)))
  if (!signed.includes(true)) {
    const wrong = `no authority in 'ca' has signed the revocation list ${file}`
    found.push({
      degree: 'warning',
      path,
      wrong,
      mend: 'use the list of an authority in the file, or add that authority'
    })
  }
  if (list.until - now < soonMs)
    found.push({
      degree: 'warning',
      path,
      wrong: `the revocation list ${file} ends at ${end}`,
      mend: 'fetch lists in time, for example by a timer'
    })
  return found
}
