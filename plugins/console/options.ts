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

/** Open connections by session, in this number of processes. */
export interface OpenConnections {
  readonly bySession: ReadonlyMap<string, LiveSummary>
  readonly processes: number
}

export interface PeopleSource {
  readonly id: string
  readonly title: string
  readonly isLocal: boolean
  /** Its people have this after their names. */
  readonly realm: string | null
}

/** Logins at apps with `upstreamLogin`. */
export interface LoginsAtApps extends Pick<UpstreamLogins, 'kept'> {
  /** Titles by id. */
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
  /** A newer file with problems; null after one that was loaded. */
  readonly refused: { readonly at: number; readonly problems: readonly string[] } | null
  /** They need a restart. */
  readonly waiting: readonly string[]
  /** Their rules stop nobody. */
  readonly reportOnly: readonly string[]
}

export interface ConsoleOptions {
  readonly configuration: () => Promise<ConfigurationStatus>
  readonly journal: JournalSearch
  /** The first is the default for a new person. */
  readonly sources: readonly PeopleSource[]
  /** Keeps the mail for the gate, which sends it; null without mail. */
  readonly invitationMail: ((account: Account, url: string, validSeconds: number | undefined) => Promise<void>) | null
  /** The keys of rules that name this user. */
  readonly rulesNaming: (name: string) => readonly string[]
  readonly actions: OperatorActions
  readonly people: PeopleIndex
  readonly signedIn: SignedInPeople
  readonly accounts: Pick<Accounts, 'byId' | 'byName' | 'byFormerName' | 'isTaken'>
  readonly tokens: Pick<ProgramTokens, 'list'>
  /** Null if no app has `upstreamLogin`. */
  readonly logins: LoginsAtApps | null
  readonly locks: Pick<AttemptLocks, 'waiting' | 'of'>
  readonly isUsable: (credential: Credential) => boolean
  readonly reports: Pick<ProcessReports, 'all'>
  readonly live: Pick<LiveConnections, 'add'>
  readonly watch: Pick<
    WatchFigures,
    'isOn' | 'budgets' | 'movement' | 'person' | 'alarms' | 'uses' | 'posture' | 'decoys'
  >
  readonly appChanges: Pick<AppActions, 'read' | 'has' | 'approve' | 'announce'>
  readonly openConnections: () => Promise<OpenConnections>
  readonly posture: PostureActions
  /** Who may end a suspension after a decoy. */
  readonly resumeRule: ResumeRule
}
