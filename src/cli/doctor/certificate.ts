/** Probes the gate's certificate: key, end, covered hosts, and chain. */
import { X509Certificate } from 'node:crypto'
import { rootCertificates } from 'node:tls'
import { certificateRemarks } from '../../../config/checks/certificates.ts'
import { pemText } from '../../../config/reading/text-sources.ts'
import type { Config } from '../../../config/schema.ts'
import type { DoctorFinding } from './finding.ts'

type Served = Pick<Config, 'listen' | 'portal' | 'apps'>

/** Findings about `listen.tls`; none if another program handles TLS. `now` in milliseconds. */
export function examineCertificate({ listen, portal, apps }: Served, now: number): DoctorFinding[] {
  const file = listen.tls?.cert ?? null
  if (file === null) return []
  const chain = chainIn(pemText(file))
  const leaf = chain[0]
  if (leaf === undefined) return []
  const sites = [{ path: 'portal.url', url: portal.url }].concat(
    apps.map((app, index) => ({ path: `apps[${index}].url`, url: app.url }))
  )
  const hosts = sites.flatMap(({ path, url }) =>
    url.secure ? [{ path, host: url.hostname.replace(/[[\]]/g, '') }] : []
  )
  const remarks = certificateRemarks(leaf, hosts, now).map(
    ({ path, isSoon, wrong, mend }): DoctorFinding => ({
      degree: isSoon ? 'warning' : 'problem',
      path,
      wrong,
      mend: `${mend.slice(0, 1).toUpperCase()}${mend.slice(1)}.`
    })
  )
  return [...remarks, ...gapIn(chain, file)]
}

function chainIn(pem: string): X509Certificate[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? []
  return blocks.map(block => new X509Certificate(block))
}

/** Browsers know roots only, so the file must hold the authorities between (RFC 8446 §4.4.2). */
function gapIn([leaf, ...others]: readonly X509Certificate[], file: string): DoctorFinding[] {
  let last = leaf as X509Certificate
  const rest = [...others]
  while (!last.checkIssued(last)) {
    const at = rest.findIndex(one => last.checkIssued(one))
    if (at < 0) break
    last = rest.splice(at, 1)[0] as X509Certificate
  }
  if (last.checkIssued(last) || isKnown(last.issuer)) return []
  return [
    {
      degree: 'warning',
      path: 'listen.tls.cert',
      wrong: `the file has no certificate of the authority '${last.issuer.replaceAll('\n', ', ')}': browsers that do not know it refuse the connection`,
      mend: `Append the certificate of this authority to ${file} (certificate tools call such a file fullchain.pem). If it is a root that all your browsers know, all is well.`
    }
  ]
}

let knownSubjects: Set<string> | undefined

function isKnown(issuer: string): boolean {
  knownSubjects ??= new Set(rootCertificates.map(pem => new X509Certificate(pem).subject))
  return knownSubjects.has(issuer)
}
