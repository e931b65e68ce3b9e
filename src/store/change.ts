/** A compare-and-set of one value in the store. The result always belongs to the value that was replaced. */
import { type Purpose, type Store, StoreUnreachable } from './store.ts'

/** What `decide` answers to `changeValue`, which returns `result` if the write succeeds. */
export type Step<Result, Value = string> =
  /** Keeps the remaining lifetime unless `ttlSeconds` is given. */
  | {
      readonly next: Value
      readonly result: Result
      readonly ttlSeconds?: number | undefined
      readonly purpose?: Purpose | undefined
    }
  /** Writes nothing. */
  | { readonly result: Result }

/** One caller succeeds in each round, so this many failures mean a broken store. */
const roundsMax = 1000

/**
 * Reads `key`, asks `decide` (null if absent), and writes only if the value is unchanged; otherwise it starts again. `decide` must have no
 * side effects. Rejects with StoreUnreachable.
 */
export async function changeValue<Result>(
  store: Store,
  key: string,
  decide: (text: string | null) => Step<Result> | Promise<Step<Result>>
): Promise<Result> {
  for (let round = 0; round < roundsMax; round++) {
    const text = await store.get(key)
    const step = await decide(text)
    if (!('next' in step)) return step.result
    const isWritten =
      text === null
        ? await store.add(key, step.next, step.ttlSeconds)
        : await store.replace(key, text, step.next, step.ttlSeconds, step.purpose)
    if (isWritten) return step.result
  }
  throw new StoreUnreachable('A value in the store changes too often, so the gate could not write it. Try again.')
}
