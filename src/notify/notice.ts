/** A notice: one thing that somebody is told, and its record in the store. It waits there until it is handed to those it is for. */
import type { CredentialKind, FactorKind } from '../factor/kinds.ts'
import { RecordKind } from '../store/records.ts'
import type { GroupedKind } from './notice-groups.ts'

/** `password-link` and `invitation` hold a secret, and go to nobody but their person. */
export type NoticeKind = GroupedKind | 'invitation' | 'password-link' | 'test'

/** Whom a notice is for. `name` is a sign-in name. */
export type Told =
  | { readonly kind: 'account'; readonly id: string }
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'operators' }
  | { readonly kind: 'address'; readonly address: string }

/** What happened, in values. The sentences are made when it is sent, in the language of whoever is told. */
export interface NoticeFacts {
  readonly factor?: FactorKind | CredentialKind | undefined
  readonly address?: string | undefined
  readonly device?: string | undefined
  readonly why?: string | undefined
  readonly count?: number | undefined
  /** The sign-in name of a second person, such as the one who asks a sponsor. */
  readonly other?: string | undefined
  /** The file or the institution of a certificate. */
  readonly what?: string | undefined
  /** Milliseconds since the epoch. */
  readonly ends?: number | undefined
  /** The reference of the request in the journal. */
  readonly reference?: string | undefined
}

export interface Notice {
  /** Of two notices with one id, a recipient gets one. */
  readonly id: string
  readonly kind: NoticeKind
  /** When it happened, in milliseconds since the epoch. */
  readonly at: number
  readonly to: readonly Told[]
  /** Whose account it is about. */
  readonly account?: string | undefined
  readonly name?: string | undefined
  readonly facts: NoticeFacts
  /** A link with a token, sealed for `notice:` and the id. */
  readonly sealed?: string | undefined
}

/** What a sealed link is sealed for. */
export const sealFor = (id: string) => `notice:${id}`

/** Each goes out at once, in a mail of its own. */
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
