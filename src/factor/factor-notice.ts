/** A factor was disabled or may be copied: a notice for the journal and the person. */
import type { FactorKind } from './kinds.ts'

export interface FactorNotice {
  readonly at: number
  readonly accountId: string
  readonly factor: FactorKind
  /** Null for recovery codes. */
  readonly credentialId: string | null
  readonly credentialName: string | null
}
