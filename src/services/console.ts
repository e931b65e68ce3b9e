/** The parts of the operators' console, made from the services of the gate. */
import type { Config } from '../../config/schema.ts'
import type { ConsoleOptions, PeopleSource } from '../../plugins/console/index.ts'
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

/** `close` gives back what is in memory. */
export function makeConsole(
  config: Config,
  services: Services,
  { recoveryCodes, sponsorships, directories, factors, invitationMail, audit }: ConsoleParts
): ConsoleOptions & { close(): void } {
  const {
    store,
    clock,
    accounts,
    credentials,
    invitations,
    sessions,
    tokens,
    upstreamLogins,
    live,
    configuration,
    journalFile,
    reports
  } = services
  const resumeRule = config.watch?.resume.afterDecoy ?? 'one-operator'
  const terms = postureTermsOf(config)
  const takesLogins = config.apps.filter(({ upstreamLogin }) => upstreamLogin != null)
  const loginApps = new Map(takesLogins.map(({ id, title }) => [id, title ?? id]))
  const isUsable = factors.isUsable.bind(factors)
  const locks = new AttemptLocks({ store, clock })
  const people = new PeopleIndex({
    store,
    accounts,
    clock,
    isEnrolled: async ({ id }) => (await credentials.list(id)).some(isUsable)
  })
  const actions = new OperatorActions({
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
  const journal = new PagedSearch({
    file: journalFile,
    // Lines from before a change of `journal.pseudonyms` or of the key are found too.
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
  const posture = new PostureActions({
    store,
    audit,
    postures: services.postures,
    terms,
    apps: config.apps.map(({ id, title, enforce }) => ({ id, title: title ?? id, isReportOnly: enforce === 'report' })),
    whoStaysIn: async () => whoStaysIn(await people.all(), terms, credentials, isUsable)
  })
  return {
    posture,
    resumeRule,
    sources: sourcesOf(config),
    invitationMail,
    rulesNaming: name => rulesNaming(config.apps, name),
    journal,
    watch,
    appChanges: new AppActions({ store, clock, audit, apps: config.apps.map(({ id }) => id) }),
    configuration: async () => ({
      ...configuration,
      file: config.file,
      // Loaded where it is asked for, for a short start.
      text: (await import('../../config/show.ts')).showConfig(config),
      reportOnly: config.apps.filter(({ enforce }) => enforce === 'report').map(({ id }) => id)
    }),
    actions,
    people,
    signedIn: new SignedInPeople({ store, accounts, clock }),
    accounts,
    locks,
    tokens,
    logins: loginApps.size === 0 ? null : { apps: loginApps, kept: id => upstreamLogins.kept(id) },
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

/** The gate's own people come first. */
function sourcesOf({ identity }: Pick<Config, 'identity'>): PeopleSource[] {
  const sources = identity.map(source =>
    source.kind === 'local'
      ? { id: source.id, title: '', isLocal: true, realm: null }
      : { id: source.id, title: source.title, isLocal: false, realm: source.realm }
  )
  return sources.sort((a, b) => Number(b.isLocal) - Number(a.isLocal))
}
