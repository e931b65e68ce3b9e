/** Probes institutions with the gate's own code. Only the service account signs in. */
import type { Config } from '../../../config/schema.ts'
import { probeCertificates } from './certificates.ts'
import { limited, type ProbeFinding } from './finding.ts'
import { probeLdap } from './ldap.ts'
import { probeOidc } from './oidc.ts'
import { probeSaml } from './saml.ts'

/** Asks all at once, within the limit. Never rejects. `now` in milliseconds. */
export async function probeInstitutions(
  { identity }: Pick<Config, 'identity'>,
  now: number,
  limitMs?: number
): Promise<ProbeFinding[]> {
  const asked = identity.map((one, index) => {
    const path = `identity[${index}]`
    switch (one.kind) {
      case 'ldap':
        return limited(path, () => probeLdap(one, path), limitMs)
      case 'oidc':
        return limited(path, signal => probeOidc(one, path, now, signal), limitMs)
      case 'saml':
        return limited(path, signal => probeSaml(one, path, now, signal), limitMs)
      case 'certificate':
        return limited(path, () => probeCertificates(one, path, now), limitMs)
      default:
        return []
    }
  })
  return (await Promise.all(asked)).flat()
}
