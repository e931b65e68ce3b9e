/**
 * Taking a person out, or their factors. Owns the order; each room that keeps something of an account removes its own part.
 */
import { AccountError, type Accounts } from './accounts.ts'

/** A room that keeps something of an account: password, credentials, recovery codes, invitation, known addresses. */
export interface Belongings {
  removeAll(accountId: string): Promise<unknown>
}

/**
 * Removes the account and everything of it. Suspends it first, so that access ends with the first write and a removal that breaks off
 * leaves a closed door; running it again finishes it. False if there was no such account.
 */
export async function removeEverythingOf(
  accountId: string,
  { accounts, belongings }: { accounts: Accounts; belongings: readonly Belongings[] }
): Promise<boolean> {
  try {
    await accounts.suspend(accountId, 'removed')
  } catch (error) {
    if (!(error instanceof AccountError)) throw error
  }
  for (const part of belongings) await part.removeAll(accountId)
  return accounts.remove(accountId)
}
