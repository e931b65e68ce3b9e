/** The services of the operators' console. */
import type { OperatorActions } from '../../src/administration/operator-actions.ts'
import type { PeopleIndex } from '../../src/administration/people-index.ts'
import type { SignedInPeople } from '../../src/administration/signed-in.ts'
import type { Credential } from '../../src/factor/credential.ts'
import type { LiveSummary } from '../../src/forwarding/live-connections.ts'
import type { Accounts } from '../../src/identity/accounts.ts'
import type { AttemptLocks } from '../../src/throttle/attempt-locks.ts'

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
  /** What its people have behind their names. */
  readonly realm: string | null
}

export interface ConsoleOptions {
  /** The first is the one that a new person is taken to come from. */
  readonly sources: readonly PeopleSource[]
  readonly actions: OperatorActions
  readonly people: PeopleIndex
  readonly signedIn: SignedInPeople
  readonly accounts: Pick<Accounts, 'byId'>
  readonly locks: Pick<AttemptLocks, 'waiting' | 'of'>
  readonly isUsable: (credential: Credential) => boolean
  readonly openConnections: () => Promise<OpenConnections>
}
