/** The logins of all institutions: `/.factorgate/login/ID` begins one; each kind has further routes below it. */
import type { FastifyInstance } from 'fastify'
import type { AnyInstitution, Directories } from '../../../src/identity/directories.ts'
import type { LoginEntry } from '../options.ts'

export function loginsOf({ institutions }: Directories): LoginEntry[] {
  return institutions.map(institution => ({
    id: institution.source.id,
    title: institution.source.title,
    register: scope => registerInstitution(scope, institution)
  }))
}

/** The routes of a kind are loaded only where the configuration has one. */
async function registerInstitution(scope: FastifyInstance, institution: AnyInstitution): Promise<void> {
  switch (institution.kind) {
    case 'certificate':
      return (await import('./certificate.ts')).registerCertificate(scope, institution)
    case 'header':
      return (await import('./header.ts')).registerHeader(scope, institution)
    case 'oidc':
      return (await import('./oidc.ts')).registerOidc(scope, institution)
    case 'saml':
      return (await import('./saml.tsx')).registerSaml(scope, institution)
  }
}
