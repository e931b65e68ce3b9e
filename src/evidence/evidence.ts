/** The content of one evidence folder, as values. `src/cli/evidence/` gathers it; the other files of this room write it down. */
import type { ChainHead } from '../audit/chain-head.ts'
import type { Entry } from '../audit/journal-files.ts'
import type { PseudonymisedField } from '../audit/pseudonyms.ts'
import type { JournalProof } from '../audit/verify-journal.ts'
import type { Budget } from '../budgets/budget.ts'
import type { Signer } from '../keyring/keyring.ts'
import type { Policy } from '../policy/policy.ts'
import type { Findings } from './affected.ts'
import type { UnusualPolicy } from './budget-sentence.ts'
import type { EventList } from './event-lists.ts'
import type { JournalFigures } from './journal-figures.ts'
import type { Component } from './sbom.ts'
import type { TimeSteps } from './time-steps.ts'

export interface AppEvidence {
  readonly id: string
  readonly title: string
  /** `https://notebooks.lab.example/lab/` */
  readonly url: string
  readonly policy: Policy
  readonly isReportOnly: boolean
  /** Programs may enter with tokens. */
  readonly takesTokens?: boolean
  /** The gate signs people in there with their own user names and passwords. */
  readonly keepsLogins?: boolean
}

/** Names may be pseudonyms. */
export interface PersonEvidence {
  readonly account: string
  readonly name: string
  readonly displayName: string | null
  readonly email: string | null
  readonly directory: string
  readonly groups: readonly string[]
  /** `enrolled`, `not enrolled` without a usable second factor, or `suspended` */
  readonly status: string
  readonly passkeys: number
  readonly codes: number
  /** Null if there are none, or they cannot be read. */
  readonly recoveryCodes: number | null
  readonly createdAt: number
  readonly suspended: { readonly at: number; readonly why: string } | null
}

/** Oldest first, and the number of all. */
export interface Newest {
  readonly entries: readonly Entry[]
  readonly total: number
}

export interface AdvisoryReport extends Findings {
  /** The file's name without its folder. */
  readonly file: string
  readonly sha256: string
  /** The time of its last change, in milliseconds since the epoch. */
  readonly changedAt: number
}

/** What the folder does not show, or a protection that is not in force. */
export interface Gap {
  readonly topic: 'journal' | 'apps' | 'people' | 'configuration' | 'software' | 'range'
  /** Somebody should look at it now. */
  readonly isSerious: boolean
  readonly text: string
}

export interface Evidence {
  readonly title: string
  readonly portal: string
  /** Milliseconds since the epoch, both included. */
  readonly from: number
  readonly to: number
  readonly madeAt: number
  readonly release: string
  readonly configuration: { readonly file: string | null; readonly sha256: string | null }
  readonly apps: readonly AppEvidence[]
  readonly budgets: readonly Budget[]
  /** Null if nothing looks for unusual use. */
  readonly unusual: UnusualPolicy | null
  readonly people: readonly PersonEvidence[]
  readonly figures: JournalFigures
  readonly times: TimeSteps
  readonly newest: Readonly<Record<EventList, Newest>>
  readonly proof: JournalProof
  /** The signed end, from the file beside the journal. */
  readonly head: ChainHead | null
  /** Beside the packages: `Node.js` `24.1.0`. */
  readonly versions: readonly (readonly [name: string, version: string])[]
  readonly components: readonly Component[] | null
  readonly advisories: AdvisoryReport | null
  readonly hidden: readonly PseudonymisedField[]
  readonly gaps: readonly Gap[]
  readonly signer: Pick<Signer, 'keyId' | 'publicKey'>
}
