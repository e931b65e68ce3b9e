/** Checks of LDAP directories that need more than one value: how people are bound, what is encrypted, and whether filters can be read. */
import { namesInBind } from '../../src/identity/ldap/dn.ts'
import { FilterProblem, parseFilter, placeholdersOf } from '../../src/identity/ldap/filter-template.ts'
import { leastAfter } from '../../src/throttle/limits.ts'
import type { Diagnostics } from '../reading/diagnostics.ts'
import type { DraftSource } from '../schema.ts'
import { isLoopback } from '../values/addresses.ts'
import { checkAuthority } from './certificates.ts'

type DraftLdap = DraftSource<'ldap'>

export function checkLdap(directory: DraftLdap, path: string, diagnostics: Diagnostics): void {
  checkServers(directory, path, diagnostics)
  checkBind(directory, path, diagnostics)
  checkLockout(directory, path, diagnostics)
  if (directory.ca != null) checkAuthority(directory.ca, `${path}.ca`, diagnostics)
  checkFilter(directory.userFilter, ['name'], `${path}.userFilter`, diagnostics)
  checkFilter(directory.groups?.filter, ['dn', 'name'], `${path}.groups.filter`, diagnostics)
}

function checkServers({ servers, startTls }: DraftLdap, path: string, diagnostics: Diagnostics): void {
  servers?.forEach((server, index) => {
    if (server === undefined || startTls !== false || !server.startsWith('ldap:')) return
    if (!isLoopback(new URL(server.replace(/^ldap/, 'http')).hostname))
      diagnostics.problem(
        `${path}.servers[${index}]`,
        'must be ldaps://, or use startTls: true: without it whoever is on the way reads every password'
      )
  })
}

function checkBind({ bind, userDn }: DraftLdap, path: string, diagnostics: Diagnostics): void {
  if (bind === undefined || userDn === undefined) return
  if (bind !== null && userDn !== null)
    diagnostics.problem(`${path}.userDn`, 'must not be given beside bind: people are either searched or bound directly')
  if (bind === null && userDn === null)
    diagnostics.problem(path, 'needs bind (an account that searches people) or userDn (the DN of a person with {name})')
  if (userDn === null) return
  if (!userDn.includes('{name}'))
    diagnostics.problem(`${path}.userDn`, 'must hold {name}, which stands for what people type')
  else if (bind === null)
    diagnostics.warning(
      `${path}.userDn`,
      'nobody can be looked up without their password: who is removed or locked there keeps their access here until their session ends, and passkeys alone sign nobody in; bind changes that'
    )
}

function checkLockout({ bind, userDn, lockout }: DraftLdap, path: string, diagnostics: Diagnostics): void {
  if (bind !== null || userDn == null || lockout == null) return
  const least = leastAfter(namesInBind(userDn))
  if (lockout.after !== undefined && lockout.after < least)
    diagnostics.problem(
      `${path}.lockout.after`,
      `must be at least ${least} with this userDn: the directory knows each person by two names, and strangers may guess once at each. Raise it in the directory too`
    )
}

function checkFilter(
  filter: string | null | undefined,
  wanted: readonly ('name' | 'dn')[],
  path: string,
  diagnostics: Diagnostics
): void {
  if (filter == null) return
  try {
    const placeholders = placeholdersOf(parseFilter(filter))
    if (!wanted.some(placeholder => placeholders.has(placeholder)))
      diagnostics.problem(
        path,
        `must compare something with ${wanted.map(placeholder => `{${placeholder}}`).join(' or ')}`
      )
  } catch (error) {
    if (!(error instanceof FilterProblem)) throw error
    diagnostics.problem(path, error.message)
  }
}
