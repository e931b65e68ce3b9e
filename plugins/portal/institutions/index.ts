/** The logins of all institutions: `/.factorgate/login/ID` begins one; each kind has further routes below it. */
import type { FastifyInstance } from 'fastify'
import type { AnyInstitution, Directories } from '../../../src/identity/directories.ts'
import type { LoginEntry } from '../options.ts'
import { registerCertificate } from './certificate.ts'
import { registerHeader } from './header.ts'
import { registerOidc } from './oidc.ts'
import { registerSaml } from './saml.tsx'

export function loginsOf({ institutions }: Directories): LoginEntry[] {
  return institutions.map(institution => ({
    id: institution.source.id,
    title: institution.source.title,
    register: scope => registerInstitution(scope, institution)
  }))
}

function registerInstitution(scope: FastifyInstance, institution: AnyInstitution): void {
  switch (institution.kind) {
    case 'certificate':
      return registerCertificate(scope, institution)
    case 'header':
      return registerHeader(scope, institution)
    case 'oidc':
      return registerOidc(scope, institution)
    case 'saml':
      return registerSaml(scope, institution)
  }
}
