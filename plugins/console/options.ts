/** The services of the operators' console. */
import type { JournalSearch } from '../../src/administration/journal-search.ts'
import type { OperatorActions } from '../../src/administration/operator-actions.ts'
import type { PeopleIndex } from '../../src/administration/people-index.ts'
import type { PostureActions } from '../../src/administration/posture-actions.ts'
import type { ProcessReports } from '../../src/administration/process-reports.ts'
import type { SignedInPeople } from '../../src/administration/signed-in.ts'
import type { AppActions } from '../../src/administration/watch/app-actions.ts'
import type { WatchFigures } from '../../src/administration/watch/figures.ts'
import type { Credential } from '../../src/factor/credential.ts'
import type { LiveConnections, LiveSummary } from '../../src/forwarding/live-connections.ts'
import type { Account } from '../../src/identity/account.ts'
import type { Accounts } from '../../src/identity/accounts.ts'
import type { ResumeRule } from '../../src/identity/suspension.ts'
import type { ProgramTokens } from '../../src/programs/program-tokens.ts'
import type { AttemptLocks } from '../../src/throttle/attempt-locks.ts'
import type { UpstreamLogins } from '../../src/upstream-login/upstream-logins.ts'

/** The open connections by session, in this number of processes. */
export interface OpenConnections {
  readonly bySession: ReadonlyMap<string, LiveSummary>
  readonly processes: number
}

/** Where people come from. */
export interface PeopleSource {
  readonly id: string
  readonly title: string
  readonly isLocal: boolean
  /** What its people have after their names. */
  readonly realm: string | null
}

/** People's logins at apps with `upstreamLogin`. */
export interface LoginsAtApps extends Pick<UpstreamLogins, 'kept'> {
  /** The titles of these apps, by id. */
  readonly apps: ReadonlyMap<string, string>
}

/** The configuration of the process that answers. */
export interface ConfigurationStatus {
  readonly file: string | null
  /** YAML without secrets. */
  readonly text: string
  /** Milliseconds since the epoch, as the other times. */
  readonly loadedAt: number
  readonly startedAt: number
  /** A newer file that has problems; null after one that was loaded. */
  readonly refused: { readonly at: number; readonly problems: readonly string[] } | null
  /** Changed keys that need a restart. */
  readonly waiting: readonly string[]
  /** Ids of apps whose rules stop nobody. */
  readonly reportOnly: readonly string[]
}

export interface ConsoleOptions {
  readonly configuration: () => Promise<ConfigurationStatus>
  readonly journal: JournalSearch
  /** The first is the one that a new person is taken to come from. */
  readonly sources: readonly PeopleSource[]
  /** Keeps a mail with the link for the gate; null where the gate sends no mail. */
  readonly invitationMail: ((account: Account, url: string, validSeconds: number | undefined) => Promise<void>) | null
  /** The keys of rules that name this user. */
  readonly rulesNaming: (name: string) => readonly string[]
  readonly actions: OperatorActions
  readonly people: PeopleIndex
  readonly signedIn: SignedInPeople
  readonly accounts: Pick<Accounts, 'byId' | 'byName' | 'byFormerName' | 'isTaken'>
  readonly tokens: Pick<ProgramTokens, 'list'>
  /** Null where no app has `upstreamLogin`. */
  readonly logins: LoginsAtApps | null
  readonly locks: Pick<AttemptLocks, 'waiting' | 'of'>
  readonly isUsable: (credential: Credential) => boolean
  readonly reports: Pick<ProcessReports, 'all'>
  readonly live: Pick<LiveConnections, 'add'>
  readonly watch: Pick<
    WatchFigures,
    'isOn' | 'budgets' | 'movement' | 'person' | 'alarms' | 'uses' | 'posture' | 'decoys'
  >
  /** What is new in apps. */
  readonly appChanges: Pick<AppActions, 'read' | 'has' | 'approve' | 'announce'>
  readonly openConnections: () => Promise<OpenConnections>
  readonly posture: PostureActions
  /** Two operators must agree before a person is let in again after a decoy. */
  readonly resumeRule: ResumeRule
}
