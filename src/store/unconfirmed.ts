/** Work that goes on although a write stays unconfirmed (`Store.settle`). */
import { StoreUnconfirmed } from './store.ts'

/** Returns the StoreUnconfirmed of `work`, or null; throws any other error. */
export async function evenUnconfirmed(work: () => Promise<unknown> | undefined): Promise<StoreUnconfirmed | null> {
  try {
    await work()
    return null
  } catch (error) {
    if (error instanceof StoreUnconfirmed) return error
    throw error
  }
}

/** Runs the steps in order. An unconfirmed one rejects after the last; any other error stops at once. */
export async function everyStep(...steps: readonly (() => Promise<unknown>)[]): Promise<void> {
  let unconfirmed: StoreUnconfirmed | null = null
  for (const step of steps) unconfirmed = (await evenUnconfirmed(step)) ?? unconfirmed
  if (unconfirmed !== null) throw unconfirmed
}
