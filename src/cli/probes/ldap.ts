/** Probes an LDAP directory: on each server the service account binds, reads the base, and finds people as a sign-in does. */
import { pemText } from '../../../config/reading/text-sources.ts'
import type { Config } from '../../../config/schema.ts'
import { type LdapConnection, ServerFailure } from '../../identity/ldap/connection.ts'
import { fillFilter } from '../../identity/ldap/filter.ts'
import { ldapSchema } from '../../identity/ldap/presets.ts'
import { connectionMend } from './connection-mend.ts'
import type { ProbeFinding } from './finding.ts'

type LdapConfig = Extract<Config['identity'][number], { kind: 'ldap' }>

/** The time limit of each step, in milliseconds. */
const maxMs = 3_000
/** People who are looked at. */
const sample = 3
/** The permanent ids of common servers. */
const knownIds = ['entryUUID', 'nsUniqueId', 'ipaUniqueID', 'objectGUID', 'GUID', 'ibm-entryUUID'] as const

/** A server that fails is a warning while another one works. */
export async function probeLdap(one: LdapConfig, path: string): Promise<ProbeFinding[]> {
  const { LdapConnection } = await import('../../identity/ldap/connection.ts')
  const ca = one.ca === null ? null : pemText(one.ca)
  const timeoutMs = Math.min(one.timeout * 1000, maxMs)
  const answers = await Promise.all(
    one.servers.map(async (url, index): Promise<ProbeFinding[]> => {
      try {
        const connection = await LdapConnection.open({ url, startTls: one.startTls, ca, timeoutMs })
        try {
          return await askServer(connection, url, one, path)
        } finally {
          connection.close()
        }
      } catch (error) {
        const { message } = error as Error
        const wrong = `the directory ${url} does not answer: ${message}`
        const mend = mendOf(message, url, one.startTls)
        return [{ degree: 'problem', path: `${path}.servers[${index}]`, wrong, mend }]
      }
    })
  )
  const oneWorks = answers.some(found => found.every(({ degree }) => degree === 'warning'))
  return answers.flat().map(found => (oneWorks ? { ...found, degree: 'warning' } : found))
}

const isNoTls = /ECONNRESET|wrong version number|packet length too long|before secure TLS/i

function mendOf(message: string, url: string, startTls: boolean): string {
  if (isNoTls.test(message) && url.startsWith('ldaps:'))
    return 'correct the port (ldaps:// has 636), or write ldap:// and startTls: true (389)'
  if (isNoTls.test(message) && startTls) return 'correct the port (startTls has 389), or write ldaps:// (636)'
  return connectionMend(message, "start it, or correct the address, 'ca' or 'startTls'")
}

async function askServer(
  connection: LdapConnection,
  url: string,
  one: LdapConfig,
  path: string
): Promise<ProbeFinding[]> {
  const { bind, base, groups } = one
  // Without a service account, only people can read.
  if (bind === null) {
    await connection.reach()
    return []
  }
  const answer = await connection.bind(bind.dn, bind.password)
  if (answer.kind === 'refused') {
    const says = answer.message === '' ? `result ${answer.code}` : `result ${answer.code}: ${answer.message}`
    const wrong = `${url} refuses the service account ${bind.dn} (${says})`
    const mend = 'correct the name or the password, or let the account in at the directory'
    return [{ degree: 'problem', path: `${path}.bind`, wrong, mend }]
  }
  const bases = [{ at: `${path}.base`, dn: base }]
  if (groups.base !== null && groups.base !== base) bases.push({ at: `${path}.groups.base`, dn: groups.base })
  const found: ProbeFinding[] = []
  for (const { at, dn } of bases) {
    const filter = new connection.driver.PresenceFilter({ attribute: 'objectClass' })
    const entries = await connection.search({ base: dn, scope: 'base', filter, attributes: ['1.1'], most: 1 })
    if (entries.length > 0) continue
    const wrong = `${url} has no entry '${dn}', or ${bind.dn} may not read it`
    found.push({ degree: 'problem', path: at, wrong, mend: 'correct it, or let the service account read below it' })
  }
  if (found.length > 0) return found
  try {
    return await askForPeople(connection, url, one, path)
  } catch (error) {
    // Some servers refuse searches for everybody, and allow them for one person.
    if (error instanceof ServerFailure && error.isOfOneQuestion) return []
    throw error
  }
}

/** Shows whether the configuration fits this kind of server. */
async function askForPeople(
  connection: LdapConnection,
  url: string,
  one: LdapConfig,
  path: string
): Promise<ProbeFinding[]> {
  const { driver } = connection
  const schema = ldapSchema(one)
  const has = (attribute: string) => new driver.PresenceFilter({ attribute })
  const filters = [has(schema.name), fillFilter(driver, schema.userFilter, { name: 'any', dn: 'never' })]
  const search = { base: schema.base, attributes: [schema.id, ...knownIds], binary: ['objectGUID'] }
  const people = await connection.search({ ...search, filter: new driver.AndFilter({ filters }), most: sample })
  if (people.length === 0) {
    const wrong = `${url} shows ${one.bind?.dn} nobody below '${schema.base}' who fits 'userFilter' and has the attribute ${schema.name}`
    const isMicrosoft =
      one.preset !== 'active-directory' &&
      (await connection.search({ ...search, filter: has('sAMAccountName'), most: 1 })).length > 0
    const mend = isMicrosoft
      ? "it has sAMAccountName, as Active Directory does: set 'preset' to active-directory"
      : "correct 'base', 'userFilter' or 'attributes.name', or let the service account read people"
    return [{ degree: isMicrosoft ? 'problem' : 'warning', path, wrong, mend }]
  }
  if (people.some(person => person.bytes(schema.id).length > 0)) return []
  const shown = people[0]!.dn
  const wrong = `${shown} at ${url} has no ${schema.id} (attributes.id) that ${one.bind?.dn} may read, so nobody can sign in`
  const other = knownIds.find(id => people.every(person => person.bytes(id).length > 0))
  const mend =
    other === undefined
      ? "let the service account read it, or set 'attributes.id' to an attribute that never changes"
      : `set 'attributes.id' to ${other}, which people there have, before anybody signs in`
  return [{ degree: 'problem', path: `${path}.attributes.id`, wrong, mend }]
}
