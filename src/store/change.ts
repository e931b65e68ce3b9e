/** A compare-and-set of one value. The result always belongs to the value that was replaced. */
import { type Purpose, type Store, StoreUnreachable } from './store.ts'

export type Step<Result, Value = string> =
  /** Keeps the remaining lifetime unless `ttlSeconds` is given. */
  | {
      readonly next: Value
      readonly result: Result
      readonly ttlSeconds?: number | undefined
      readonly purpose?: Purpose | undefined
    }
  | { readonly result: Result }

/** One caller succeeds in each round, so this many failures mean a broken store. */
const maxRounds = 1000

/** Asks `decide` (null if absent) again until the value is unchanged. `decide` must have no side effects. Rejects with StoreUnreachable. */
export async function changeValue<Result>(
  store: Store,
  key: string,
  decide: (text: string | null) => Step<Result> | Promise<Step<Result>>
): Promise<Result> {
  return (await changeKnown(store, key, undefined, decide)).result
}

/**
 * A value that the caller knows (null for none, undefined if not) saves a read if it is right. `text` is what is stored now. A result without a write counts
 * only for a value that was read.
 */
export async function changeKnown<Result>(
  store: Store,
  key: string,
  known: string | null | undefined,
  decide: (text: string | null) => Step<Result> | Promise<Step<Result>>
): Promise<{ readonly result: Result; readonly text: string | null }> {
  let isFresh = known === undefined
  let text = known === undefined ? await store.get(key) : known
  for (let round = 0; round < maxRounds; round++) {
    const step = await decide(text)
    if (!('next' in step)) {
      if (isFresh) return { result: step.result, text }
    } else {
      const isWritten =
        text === null
          ? await store.add(key, step.next, step.ttlSeconds)
          : await store.replace(key, text, step.next, step.ttlSeconds, step.purpose)
      if (isWritten) return { result: step.result, text: step.next }
    }
    text = await store.get(key)
    isFresh = true
  }
  throw new StoreUnreachable('A value in the store changes too often, so the gate could not write it. Try again.')
}
