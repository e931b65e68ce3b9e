/**
 * An account: the record of one person, with their names and whether they may enter. Secrets are in other records (`password:`,
 * `credential:`).
 */
import type { Subject } from './subject.ts'

export interface Account {
  /** 128 random bits; also WebAuthn's `user.id`. It is never reused, even if the name is. */
  readonly id: string
  readonly name: string
  readonly displayName: string
  readonly email: string | null
  readonly groups: readonly string[]
  /** The id of the directory that checks the first factor; `local` for the gate's own passwords. */
  readonly directory: string
  readonly suspended: { readonly at: number; readonly why: string } | null
  readonly createdAt: number
}

/** The store key of an account is this prefix and its id. The gate caches and watches this prefix. */
export const accountPrefix = 'account:'

const nameShape = /^[a-z0-9](?:[a-z0-9._+-]{0,62}[a-z0-9])?(?:@[a-z0-9](?:[a-z0-9.-]{0,188}[a-z0-9])?)?$/

/**
 * The canonical form of a sign-in name: trimmed, NFKC, lower case. So `alice`, `Alice ` and `ａｌｉｃｅ` share one bucket (CVE-2026-47203).
 * Undefined for text that is no name: two `@`, blanks, control or invisible characters.
 */
export function canonicalName(text: string): string | undefined {
  if (text.length > 256) return undefined
  const name = text.trim().normalize('NFKC').toLowerCase()
  return nameShape.test(name) ? name : undefined
}

export function subjectOf(account: Account): Subject {
  return {
    id: account.id,
    name: account.name,
    displayName: account.displayName,
    email: account.email,
    groups: account.groups
  }
}
