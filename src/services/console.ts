/** The parts of the operators' console, made from the services of the gate. */
import type { Config } from '../../config/schema.ts'
import type { ConfigurationStatus, ConsoleOptions, PeopleSource } from '../../plugins/console/index.ts'
import { PagedSearch } from '../administration/journal-search.ts'
import { OperatorActions } from '../administration/operator-actions.ts'
import { PeopleIndex } from '../administration/people-index.ts'
import { PostureActions } from '../administration/posture-actions.ts'
import { mergeLive } from '../administration/process-reports.ts'
import { rulesNaming } from '../administration/rules-naming.ts'
import { SignedInPeople } from '../administration/signed-in.ts'
import { AppActions } from '../administration/watch/app-actions.ts'
import { whoStaysIn } from '../administration/who-stays-in.ts'
import type { AuditSink } from '../audit/event.ts'
import { pseudonymsOf } from '../audit/pseudonyms.ts'
import type { RecoveryCodes } from '../factor/recovery-code.ts'
import type { Directories } from '../identity/directories.ts'
import type { Sponsorships } from '../identity/sponsorships.ts'
import type { UsableFactors } from '../sign-in/usable-factors.ts'
import { AttemptLocks } from '../throttle/attempt-locks.ts'
import { liftingOf } from './budget-lifting.ts'
import { postureTermsOf } from './posture-terms.ts'
import type { Services } from './services.ts'
import { watchFigures } from './watch-figures.ts'

interface ConsoleParts {
  readonly recoveryCodes: RecoveryCodes
  readonly sponsorships: Sponsorships
  readonly directories: Directories
  readonly factors: UsableFactors
  /** Null without a mail server. */
  readonly invitationMail: ConsoleOptions['invitationMail']
  /** Takes the lines of what operators do. */
  readonly audit: AuditSink
}

/** `close` frees the memory. */
export function makeConsole(
  config: Config,
  services: Services,
  parts: ConsoleParts
): ConsoleOptions & { close(): void } {
  const { store, clock, accounts, credentials, sessions, tokens, live, reports } = services
  const isUsable = parts.factors.isUsable.bind(parts.factors)
  const resumeRule = config.watch?.resume.afterDecoy ?? 'one-operator'
  const locks = new AttemptLocks({ store, clock })
  const people = new PeopleIndex({
    store,
    accounts,
    clock,
    isEnrolled: async ({ id }) => (await credentials.list(id)).some(isUsable)
  })
  const journal = new PagedSearch({
    file: services.journalFile,
    // Also finds lines from before a change of `journal.pseudonyms` or of the key.
    spellingsOf: person => pseudonymsOf(person, services.keyring)
  })
  const watch = watchFigures(config, {
    store,
    clock,
    accounts,
    sessions,
    journal,
    allAccounts: () => people.all(),
    unusual: () => services.unusual
  })
  return {
    posture: postureActions(config, services, parts.audit, { people, isUsable }),
    resumeRule,
    sources: sourcesOf(config),
    invitationMail: parts.invitationMail,
    rulesNaming: name => rulesNaming(config.apps, name),
    journal,
    watch,
    appChanges: new AppActions({ store, clock, audit: parts.audit, apps: config.apps.map(({ id }) => id) }),
    configuration: () => configurationStatus(config, services),
    actions: operatorActions(config, services, parts, { isUsable, resumeRule, locks }),
    people,
    signedIn: new SignedInPeople({ store, accounts, clock }),
    accounts,
    locks,
    tokens,
    logins: loginsAtApps(config, services),
    isUsable,
    reports,
    live,
    openConnections: async () => {
      const all = await reports.all()
      return { bySession: mergeLive(all), processes: all.length }
    },
    close() {
      people.close()
      watch.close()
    }
  }
}

function operatorActions(
  config: Config,
  { store, clock, accounts, credentials, invitations, sessions, tokens, upstreamLogins }: Services,
  { audit, recoveryCodes, sponsorships, directories }: ConsoleParts,
  { isUsable, resumeRule, locks }: Pick<ConsoleOptions, 'isUsable' | 'resumeRule'> & { readonly locks: AttemptLocks }
): OperatorActions {
  return new OperatorActions({
    store,
    audit,
    accounts,
    credentials,
    recoveryCodes,
    invitations,
    sponsorships,
    sessions,
    tokens,
    logins: upstreamLogins,
    locks,
    directories,
    isUsable,
    resumeRule,
    lifting: () => liftingOf(config, store, clock)
  })
}

function postureActions(
  config: Config,
  { store, postures, credentials }: Services,
  audit: ConsoleParts['audit'],
  { people, isUsable }: Pick<ConsoleOptions, 'isUsable'> & { readonly people: PeopleIndex }
): PostureActions {
  const terms = postureTermsOf(config)
  return new PostureActions({
    store,
    audit,
    postures,
    terms,
    apps: config.apps.map(({ id, title, enforce }) => ({ id, title: title ?? id, isReportOnly: enforce === 'report' })),
    whoStaysIn: async () => whoStaysIn(await people.all(), terms, credentials, isUsable)
  })
}

async function configurationStatus(config: Config, { configuration }: Services): Promise<ConfigurationStatus> {
  return {
    ...configuration,
    file: config.file,
    // Loaded at the first use, for a short start.
    text: (await import('../../config/show.ts')).showConfig(config),
    reportOnly: config.apps.filter(({ enforce }) => enforce === 'report').map(({ id }) => id)
  }
}

/** Null if no app gets logins. */
function loginsAtApps({ apps }: Config, { upstreamLogins }: Services): ConsoleOptions['logins'] {
  const takesLogins = apps.filter(({ upstreamLogin }) => upstreamLogin != null)
  if (takesLogins.length === 0) return null
  return { apps: new Map(takesLogins.map(({ id, title }) => [id, title ?? id])), kept: id => upstreamLogins.kept(id) }
}

/** The gate's own people come first. */
function sourcesOf({ identity }: Pick<Config, 'identity'>): PeopleSource[] {
  const sources = identity.map(source =>
    source.kind === 'local'
      ? { id: source.id, title: '', isLocal: true, realm: null }
      : { id: source.id, title: source.title, isLocal: false, realm: source.realm }
  )
  return sources.sort((a, b) => Number(b.isLocal) - Number(a.isLocal))
}
