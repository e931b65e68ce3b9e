/** What becomes of a change that is written and not confirmed (`Store.settle`). Owns that it never keeps the next step of the same work from being done. */
import { StoreUnconfirmed } from './store.ts'

/** Does it. Answers what was not confirmed of it, or null. Any other error is thrown. */
export async function evenUnconfirmed(work: () => Promise<unknown> | undefined): Promise<StoreUnconfirmed | null> {
  try {
    await work()
    return null
  } catch (error) {
    if (error instanceof StoreUnconfirmed) return error
    throw error
  }
}

/** Does the steps one after the other. Rejects with StoreUnconfirmed once all are done, if one of them was not confirmed, and at once with any other error. */
export async function everyStep(...steps: readonly (() => Promise<unknown>)[]): Promise<void> {
  let unconfirmed: StoreUnconfirmed | null = null
  for (const step of steps) unconfirmed = (await evenUnconfirmed(step)) ?? unconfirmed
  if (unconfirmed !== null) throw unconfirmed
}
