/** The scopes of an identity provider (`shibmd:Scope`), and the scoped attributes (eduPerson, SAML Subject Identifiers). */
import type { IdentityProvider } from './metadata-entity.ts'
import { covers, newEffort } from './scope-pattern.ts'

/** Values are `local@scope`; the names are those in messages. */
const scoped: readonly string[] = [
  'urn:oid:1.3.6.1.4.1.5923.1.1.1.6',
  'urn:oid:1.3.6.1.4.1.5923.1.1.1.9',
  'urn:oid:1.3.6.1.4.1.5923.1.1.1.13',
  'urn:oasis:names:tc:SAML:attribute:subject-id',
  'urn:oasis:names:tc:SAML:attribute:pairwise-id'
]

export function isScoped(name: string): boolean {
  return scoped.includes(name)
}

/** `isAlone`: the operator has chosen the only provider, so it needs no scopes. `effort`: shared by the values of an attribute. */
export function isInScope(
  value: string,
  { scopes }: Pick<IdentityProvider, 'scopes'>,
  isAlone: boolean,
  effort = newEffort()
): boolean {
  const at = value.lastIndexOf('@')
  const scope = value.slice(at + 1).toLowerCase()
  if (at < 1 || scope === '' || value.indexOf('@') !== at || /[\s\p{Cc}<>!]/u.test(value)) return false
  if (scopes.length === 0) return isAlone
  return scopes.some(each => (each.isPattern ? covers(each.value, scope, effort) : each.value.toLowerCase() === scope))
}
