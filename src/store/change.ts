/**
 * One value of the store, changed as it stands at that moment. Owns the only compare-and-set loop of the gate; refuses to report a change that
 * was not written: what the caller hears belongs to the very reading that the store accepted.
 */
import { type Purpose, type Store, StoreUnreachable } from './store.ts'

/** What to do with a value. `result` is what the caller of `changeValue` hears if this is what happens. */
export type Step<Result, Value = string> =
  /** Write this value. Its remaining life stays as it is, unless `ttlSeconds` is given. */
  | {
      readonly next: Value
      readonly result: Result
      readonly ttlSeconds?: number | undefined
      readonly purpose?: Purpose | undefined
    }
  /** Write nothing. */
  | { readonly result: Result }

/** Of any number of callers at once, one succeeds in each round. So many rounds without success are a store that cannot be trusted. */
const roundsMax = 1000

/**
 * Reads the value under `key`, asks `decide` what to do with it, and does so only if the value is still the same. If it was changed, removed or
 * made anew in between, `decide` is asked again about what stands there now; null is no value. `decide` may run several times: what it does
 * besides answering must not matter. Rejects with StoreUnreachable where the store does.
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
  throw new StoreUnreachable('A value of the store changes all the time, so nothing could be written.')
}
