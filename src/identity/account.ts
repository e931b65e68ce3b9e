/** An account: one person's names, and whether they may enter. Secrets are in other records (`password:`, `credential:`). */
import type { Language } from '../messages/languages.ts'
import type { Subject } from './subject.ts'
import type { Suspension } from './suspension.ts'

export interface Account {
  /** 128 random bits; also WebAuthn's `user.id`. It is never reused, even if the name is. */
  readonly id: string
  readonly name: string
  /** The former names, the oldest first. They stay taken, so that nobody else is known by them. Older releases did not keep them. */
  readonly formerNames?: readonly string[]
  readonly displayName: string
  readonly email: string | null
  readonly groups: readonly string[]
  /** The directory's id; `local` for the gate's own passwords. */
  readonly directory: string
  /** The directory's permanent id of the person. Absent for local people, and before the first sign-in of a person added beforehand. */
  readonly externalId?: string
  /**
   * The groups there that `groupMap` knew at the last sign-in, so that a changed map counts at once; null without a map. Absent if the
   * groups are the gate's own.
   */
  readonly theirGroups?: readonly string[] | null
  readonly suspended: Suspension | null
  readonly createdAt: number
  /** Absent if the person has chosen none. */
  readonly language?: Language
}

/** The groups of the operators' console. `helpdesk` may read, invite and reset factors. */
export const operators = 'operators'
export const helpdesk = 'helpdesk'

/** The gate caches and watches keys with this prefix. */
export const accountPrefix = 'account:'

const nameShape = /^[a-z0-9](?:[a-z0-9._+-]{0,62}[a-z0-9])?(?:@[a-z0-9](?:[a-z0-9.-]{0,188}[a-z0-9])?)?$/

/**
 * The canonical form of a sign-in name, otherwise `alice`, `Alice ` and `ａｌｉｃｅ` would have three buckets (CVE-2026-47203). Undefined for
 * text that is no name.
 */
export function canonicalName(text: string): string | undefined {
  if (text.length > 256) return undefined
  const name = text.trim().normalize('NFKC').toLowerCase()
  return nameShape.test(name) ? name : undefined
}

/** One form of any typed text, to count guesses and to search directories. */
export function plainName(text: string): string {
  return canonicalName(text) ?? text.slice(0, 256).trim().normalize('NFKC').toLowerCase()
}

export function subjectOf(account: Account): Subject {
  return {
    id: account.id,
    name: account.name,
    originalName: account.formerNames?.[0] ?? account.name,
    displayName: account.displayName,
    email: account.email,
    groups: account.groups
  }
}
