/** The schema of `identity`: where people come from, one map a kind. */
import { certificate } from './identity/certificate.ts'
import { header } from './identity/header.ts'
import { ldap } from './identity/ldap.ts'
import { oidc } from './identity/oidc.ts'
import { saml } from './identity/saml.ts'
import { kind } from './identity/shared.ts'
import { list, map, oneByKind, text } from './schema-builders.ts'

const local = map(
  {
    id: text('id', { title: 'Id', description: 'Name of this source in records and logs.', example: 'local' }),
    kind: kind('local', '`local`: people that `factorgate user` manages, with passwords of our own.')
  },
  { title: 'Local people', description: 'Accounts and passwords that the gate keeps itself.' }
)

export const identity = list(
  oneByKind([local, ldap, header, oidc, saml, certificate], {
    title: 'Source of people',
    description: 'Where first factors are checked.'
  }),
  {
    title: 'Sources of people',
    description: 'Where people and their first factors come from. The gate tries or offers them in this order.',
    default: [{ id: 'local', kind: 'local' }],
    example: [{ id: 'local', kind: 'local' }]
  },
  { minItems: 1 }
)
