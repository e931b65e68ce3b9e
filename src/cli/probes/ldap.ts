/** The probe of an LDAP directory: on each server the service account binds and reads the base. */
import { pemText } from '../../../config/reading/text-sources.ts'
import type { Config } from '../../../config/schema.ts'
import type { LdapConnection } from '../../identity/ldap/connection.ts'
import type { ProbeFinding } from './finding.ts'

type LdapConfig = Extract<Config['identity'][number], { kind: 'ldap' }>

/** The most time for each step, in milliseconds. */
const longestMs = 3_000

/** A server that fails is a warning while another one works. */
export async function probeLdap(one: LdapConfig, path: string): Promise<ProbeFinding[]> {
  const { LdapConnection } = await import('../../identity/ldap/connection.ts')
  const ca = one.ca === null ? null : pemText(one.ca)
  const timeoutMs = Math.min(one.timeout * 1000, longestMs)
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
        const wrong = `the directory ${url} does not answer: ${(error as Error).message}`
        const mend = "start it, or correct the address, 'ca' or 'startTls'"
        return [{ degree: 'problem', path: `${path}.servers[${index}]`, wrong, mend }]
      }
    })
  )
  const oneWorks = answers.some(found => found.length === 0)
  return answers.flat().map(found => (oneWorks ? { ...found, degree: 'warning' } : found))
}

async function askServer(
  connection: LdapConnection,
  url: string,
  { bind, base, groups }: LdapConfig,
  path: string
): Promise<ProbeFinding[]> {
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
  return found
}
