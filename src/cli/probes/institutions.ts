/** The probe of institutions: it asks each one with the gate's own code, and signs in nobody but the service account. */
import type { Config } from '../../../config/schema.ts'
import { probeCertificates } from './certificates.ts'
import { limited, type ProbeFinding } from './finding.ts'
import { probeLdap } from './ldap.ts'
import { probeOidc } from './oidc.ts'
import { probeSaml } from './saml.ts'

/** Asks all at once, each for no longer than the limit. Never rejects. `now` in milliseconds. */
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
