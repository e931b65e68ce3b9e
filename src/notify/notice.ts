/** One event that people are told about, and its record until it is distributed. */
import type { CredentialKind, FactorKind } from '../factor/kinds.ts'
import type { Reason } from '../reasons/reason.ts'
import { RecordKind } from '../store/records.ts'
import type { GroupedKind } from './notice-groups.ts'

/** `password-link` and `invitation` hold a secret, and go only to their person. */
export type NoticeKind = GroupedKind | 'invitation' | 'password-link' | 'test'

/** `name` is a sign-in name. */
export type Told =
  | { readonly kind: 'account'; readonly id: string }
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'operators' }
  | { readonly kind: 'address'; readonly address: string }

/** The reader's sentences are made when it is sent. */
export interface NoticeFacts {
  readonly factor?: FactorKind | CredentialKind | undefined
  readonly address?: string | undefined
  readonly device?: string | undefined
  readonly why?: string | undefined
  /** See `reasonsIn`. An older release sends only `why`. */
  readonly reasons?: readonly Reason[] | undefined
  readonly count?: number | undefined
  /** A second person's sign-in name, such as the one who asks a sponsor. */
  readonly other?: string | undefined
  /** The app of a posture; left out for all apps. */
  readonly app?: string | undefined
  /** A certificate's file or institution, or a posture's level. */
  readonly what?: string | undefined
  /** The end of a certificate or a posture, in milliseconds since the epoch. */
  readonly ends?: number | undefined
  /** How long an invitation's link works. Default: 24 hours. */
  readonly validSeconds?: number | undefined
  /** The reference of the request in the journal. */
  readonly reference?: string | undefined
}

export interface Notice {
  /** A recipient gets one of two notices with the same id. */
  readonly id: string
  readonly kind: NoticeKind
  /** Milliseconds since the epoch. */
  readonly at: number
  readonly to: readonly Told[]
  readonly account?: string | undefined
  readonly name?: string | undefined
  readonly facts: NoticeFacts
  /** A link with a token, sealed for `sealFor(id)`. */
  readonly sealed?: string | undefined
}

export const sealFor = (id: string) => `notice:${id}`

/** Urgent notices are sent at once, in a separate mail. */
export function isUrgent({ kind }: Pick<Notice, 'kind'>): boolean {
  return kind === 'invitation' || kind === 'password-link' || kind === 'test'
}

/** Its id is the notice's. */
export const noticeRecord = new RecordKind<Notice>({
  prefix: 'notice:',
  version: 1,
  read: record => (isNotice(record) ? record : null)
})

export function isNotice(value: unknown): value is Notice {
  const { id, kind, at, to, facts } = value as Partial<Notice>
  return (
    typeof id === 'string' &&
    typeof kind === 'string' &&
    typeof at === 'number' &&
    Array.isArray(to) &&
    typeof facts === 'object' &&
    facts !== null
  )
}
