/**
 * Accounts: one record for each person, wherever they come from, that says who they are and whether they may enter.
 * Owns names and status; refuses to hold secrets (`password:` and `credential:` keys hold those).
 */
import type { Subject } from './subject.ts'

export interface Account {
  /** 128 random bits; also WebAuthn's `user.id`. Never reused, even if the name is. */
  readonly id: string
  /** Canonical: see `canonicalName`. */
  readonly name: string
  readonly displayName: string
  readonly email: string | null
  readonly groups: readonly string[]
  /** Id of the directory that vouches for the first factor; `local` for ours. */
  readonly directory: string
  readonly suspended: { readonly at: number; readonly why: string } | null
  readonly createdAt: number
}

/** Store key of an account: `account:` + id. The gateway caches and watches this prefix. */
export const accountPrefix = 'account:'

const nameShape = /^[a-z0-9](?:[a-z0-9._+-]{0,62}[a-z0-9])?(?:@[a-z0-9](?:[a-z0-9.-]{0,188}[a-z0-9])?)?$/

/**
 * The one spelling of a sign-in name: trimmed, NFKC, lower case; `alice`, `Alice ` and `ａｌｉｃｅ` are one bucket (CVE-2026-47203).
 * Undefined for anything that is no name: two `@`, blanks, control or invisible characters.
 */
export function canonicalName(text: string): string | undefined {
  if (text.length > 256) return undefined
  const name = text.trim().normalize('NFKC').toLowerCase()
  return nameShape.test(name) ? name : undefined
}

/** What rules and upstreams may know of an account. */
export function subjectOf(account: Account): Subject {
  return {
    id: account.id,
    name: account.name,
    displayName: account.displayName,
    email: account.email,
    groups: account.groups
  }
}
