/** A notice: one event that people are told about, and its record in the store, where it waits for its distribution. */
import type { CredentialKind, FactorKind } from '../factor/kinds.ts'
import type { Reason } from '../reasons/reason.ts'
import { RecordKind } from '../store/records.ts'
import type { GroupedKind } from './notice-groups.ts'

/** `password-link` and `invitation` hold a secret, and go only to their person. */
export type NoticeKind = GroupedKind | 'invitation' | 'password-link' | 'test'

/** The addressees of a notice. `name` is a sign-in name. */
export type Told =
  | { readonly kind: 'account'; readonly id: string }
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'operators' }
  | { readonly kind: 'address'; readonly address: string }

/** The event as values. The sentences are made when it is sent, in the reader's language. */
export interface NoticeFacts {
  readonly factor?: FactorKind | CredentialKind | undefined
  readonly address?: string | undefined
  readonly device?: string | undefined
  readonly why?: string | undefined
  /** What the watch has made `why` from, as `reasonsIn` reads it. An older release leaves it out, and sends `why`. */
  readonly reasons?: readonly Reason[] | undefined
  readonly count?: number | undefined
  /** The sign-in name of a second person, such as the one who asks a sponsor. */
  readonly other?: string | undefined
  /** The app that a posture is set for; left out for all apps. */
  readonly app?: string | undefined
  /** The file or the institution of a certificate, or the level of a posture. */
  readonly what?: string | undefined
  /** When a certificate or a posture ends, in milliseconds since the epoch. */
  readonly ends?: number | undefined
  /** How long the link of an invitation works. Default: 24 hours. */
  readonly validSeconds?: number | undefined
  /** The reference of the request in the journal. */
  readonly reference?: string | undefined
}

export interface Notice {
  /** A recipient gets one of two notices with the same id. */
  readonly id: string
  readonly kind: NoticeKind
  /** The time of the event, in milliseconds since the epoch. */
  readonly at: number
  readonly to: readonly Told[]
  /** The account concerned. */
  readonly account?: string | undefined
  readonly name?: string | undefined
  readonly facts: NoticeFacts
  /** A link with a token, sealed for `notice:` and the id. */
  readonly sealed?: string | undefined
}

/** The seal's context. */
export const sealFor = (id: string) => `notice:${id}`

/** Sent at once, in a separate mail. */
export function isUrgent({ kind }: Pick<Notice, 'kind'>): boolean {
  return kind === 'invitation' || kind === 'password-link' || kind === 'test'
}

/** The record's id is the notice's. */
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
