/**
 * Taking a person out, or their factors. Owns the order; each room that keeps something of an account removes its own part.
 */
import { evenUnconfirmed, everyStep } from '../store/unconfirmed.ts'
import { AccountError, type Accounts } from './accounts.ts'

/** A room that keeps something of an account: password, credentials, recovery codes, invitation, known addresses. */
export interface Belongings {
  removeAll(accountId: string): Promise<unknown>
}

/**
 * Removes the account and everything of it. Suspends it first, so that access ends with the first write and a removal that breaks off
 * leaves a closed door; running it again finishes it. Asks `mayGo` before the last step: the suspended account is what a second try finds.
 * False if there was no such account, or it may not go yet.
 */
export async function removeEverythingOf(
  accountId: string,
  {
    accounts,
    belongings,
    mayGo = async () => true
  }: { accounts: Accounts; belongings: readonly Belongings[]; mayGo?: () => Promise<boolean> }
): Promise<boolean> {
  try {
    await evenUnconfirmed(() => accounts.suspend(accountId, 'removed'))
  } catch (error) {
    if (!(error instanceof AccountError)) throw error
  }
  await everyStep(...belongings.map(part => () => part.removeAll(accountId)))
  if (!(await mayGo())) return false
  return accounts.remove(accountId)
}
