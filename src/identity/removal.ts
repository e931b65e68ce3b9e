/** The removal of an account and of its belongings in other rooms. */
import { evenUnconfirmed, everyStep } from '../store/unconfirmed.ts'
import { AccountError, type Accounts } from './accounts.ts'

interface Belongings {
  removeAll(accountId: string): Promise<unknown>
}

/**
 * The first write suspends the account, so that access ends even if the removal breaks off; a second call finishes it. `mayGo` is asked
 * before the last step. False for a missing account, or if `mayGo` refuses.
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
