/** Makes the configured sources of people. Each kind is loaded only if the configuration has one. */
import { pemText } from '../../config/reading/text-sources.ts'
import type { Config } from '../../config/schema.ts'
import { Admissions } from '../identity/admission.ts'
import type { Source } from '../identity/arrival.ts'
import type { CertificateChecker } from '../identity/certificate/checker.ts'
import { Directories } from '../identity/directories.ts'
import type { Directory } from '../identity/directory.ts'
import { HeaderInstitution } from '../identity/header.ts'
import type { LdapDirectory } from '../identity/ldap/ldap.ts'
import type { OidcInstitution } from '../identity/oidc/oidc.ts'
import { digestOf } from '../ids.ts'
import type { Services } from './services.ts'

type IdentityConfig = Config['identity'][number]
type Passwords = { readonly kind: 'password'; readonly directory: Directory }
type Elsewhere = { readonly kind: 'institution'; readonly institution: Directories['institutions'][number] }

/** The sources in the order of the configuration. Rejects if a needed file cannot be read. */
export async function directoriesOf(
  config: Pick<Config, 'identity' | 'portal'>,
  services: Services
): Promise<Directories> {
  const made: (Passwords | Elsewhere)[] = []
  for (const identity of config.identity) made.push(await makeSource(identity, config.portal.url.origin, services))
  return new Directories({
    passwords: made.flatMap(each => (each.kind === 'password' ? each.directory : [])),
    institutions: made.flatMap(each => (each.kind === 'institution' ? each.institution : []))
  })
}

async function makeSource(
  identity: IdentityConfig,
  portalOrigin: string,
  services: Services
): Promise<Passwords | Elsewhere> {
  switch (identity.kind) {
    case 'local':
      return { kind: 'password', directory: services.local }
    case 'saml': {
      const { samlInstitution } = await import('./saml-institution.ts')
      return elsewhere(samlInstitution(identity, sourceOf(identity), portalOrigin, services))
    }
    case 'ldap':
      return { kind: 'password', directory: await ldapDirectory(identity, services) }
    case 'certificate': {
      const { CertificateInstitution } = await import('../identity/certificate.ts')
      const { ca, crl, ocsp, name, mfa, refresh } = identity
      const onTrouble = (sentence: string) => services.log.error({ institution: identity.id }, sentence)
      return elsewhere(
        new CertificateInstitution({
          source: sourceOf(identity),
          ca,
          crl,
          ocsp,
          name,
          mfa,
          refreshSeconds: refresh,
          onTrouble,
          lastRead: lastReadOf(services)
        })
      )
    }
    case 'header': {
      const { from, headers, separator, secret, mfa } = identity
      const mfaValues = mfa?.values ?? []
      return elsewhere(
        new HeaderInstitution({ source: sourceOf(identity), from, headers, separator, secret, mfaValues })
      )
    }
    case 'oidc':
      return elsewhere(await oidcOf(identity, portalOrigin, services))
  }
}

const lastRead = new WeakMap<Services, Map<string, CertificateChecker>>()

/** What this process has read for client certificates, for all configurations. */
function lastReadOf(services: Services): Map<string, CertificateChecker> {
  const known = lastRead.get(services) ?? new Map<string, CertificateChecker>()
  lastRead.set(services, known)
  return known
}

/** The time limit of one answer of a provider. */
const providerTimeoutMs = 5_000

async function oidcOf(
  identity: Extract<IdentityConfig, { kind: 'oidc' }>,
  portalOrigin: string,
  { log }: Services
): Promise<OidcInstitution> {
  const { OidcInstitution } = await import('../identity/oidc/oidc.ts')
  const { id, issuer, clientId, clientSecret, clientKey, clientAuthentication, ca, scopes, claims, mfa, signOut } =
    identity
  return new OidcInstitution({
    source: sourceOf(identity),
    redirectUri: `${portalOrigin}/.factorgate/login/${id}/callback`,
    issuer,
    clientId,
    clientSecret: clientSecret ?? null,
    clientKey: clientKey ?? null,
    clientAuthentication,
    ca: ca === null ? null : pemText(ca),
    timeoutMs: providerTimeoutMs,
    scopes,
    claims,
    mfa,
    signsOutThere: signOut === 'institution',
    onWarning: sentence => log.warn({ institution: id }, sentence)
  })
}

function elsewhere(institution: Elsewhere['institution']): Elsewhere {
  return { kind: 'institution', institution }
}

/** The authorities whose client certificates the listener asks for. */
export function clientAuthoritiesOf({ identity }: Pick<Config, 'identity'>): string[] {
  return identity.flatMap(entry => (entry.kind === 'certificate' ? entry.ca : []))
}

/** The headers of proxies in front that sign people in, with their secrets. No app may get them from anybody. */
export function frontHeadersOf({ identity }: Pick<Config, 'identity'>): string[] {
  return identity.flatMap(entry =>
    entry.kind === 'header' ? [entry.secret.header, ...Object.values(entry.headers).filter(name => name !== null)] : []
  )
}

function sourceOf({ id, title, realm, groupMap, enrolment }: Exclude<IdentityConfig, { kind: 'local' }>): Source {
  return { id, title, realm, groupMap, enrolment }
}

async function ldapDirectory(
  identity: Extract<IdentityConfig, { kind: 'ldap' }>,
  { accounts, clock, log }: Pick<Services, 'accounts' | 'clock' | 'log'>
): Promise<LdapDirectory> {
  const [{ LdapDirectory }, { ldapSchema }] = await Promise.all([
    import('../identity/ldap/ldap.ts'),
    import('../identity/ldap/presets.ts')
  ])
  const { servers, startTls, timeout, bind, userDn, refresh, lockout } = identity
  const ca = identity.ca === null ? null : pemText(identity.ca)
  return new LdapDirectory({
    source: sourceOf(identity),
    targets: servers.map(url => ({ url, startTls, ca, timeoutMs: timeout * 1000 })),
    schema: ldapSchema(identity),
    service: bind === null ? null : { dn: bind.dn, password: bind.password },
    userDn,
    refreshSeconds: refresh,
    lockout: lockout === null ? null : { after: lockout.after, withinSeconds: lockout.within },
    mark: digestOf(JSON.stringify({ ...identity, bind: bind?.dn ?? null })),
    admissions: new Admissions({ accounts }),
    clock,
    log
  })
}
