/**
 * Batched work on many records. Redis must answer each command within a second: all at once would time out, one by
 * one would take minutes.
 */

const batchSize = 200

/**
 * Runs `work` for each item, 200 at a time, and returns the results in order. `onDone` gets the count so far. A
 * failure stops after its batch; with `goesOn` the rest is done too and the first failure is thrown at the end. It
 * always stops where a whole batch fails, because the store is then unreachable.
 */
export async function inBatches<Item, Result>(
  items: Iterable<Item> | AsyncIterable<Item>,
  work: (item: Item) => Promise<Result>,
  onDone: (done: number) => void = () => {},
  { goesOn = false } = {}
): Promise<Result[]> {
  const results: Result[] = []
  let batch: Item[] = []
  let done = 0
  let failure: { readonly error: unknown } | null = null
  const finish = async () => {
    const before = results.length
    // All are awaited, so no work of a failed batch goes on unseen.
    for (const one of await Promise.allSettled(batch.map(work)))
      if (one.status === 'fulfilled') results.push(one.value)
      else failure ??= { error: one.reason }
    if (failure !== null && (!goesOn || results.length === before)) throw failure.error
    done += batch.length
    batch = []
    onDone(done)
  }
  for await (const item of items) if (batch.push(item) === batchSize) await finish()
  if (batch.length > 0) await finish()
  if (failure !== null) throw (failure as { readonly error: unknown }).error
  return results
}
