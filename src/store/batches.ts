/**
 * Work on many records in batches. A Redis must answer each command within a second, so a hundred thousand questions at once would all be late; one
 * after the other they would take minutes.
 */

/** Enough to keep a store busy, few enough that each is answered at once. */
const batchSize = 200

/**
 * Does `work` for each item, 200 at a time, and answers the results in the order of the items. `onDone` hears how many are done. A batch in which
 * something fails is the last one. With `goesOn` it is not: the others are done as well, and the first failure is thrown at the end. Where nothing
 * of a whole batch succeeds, the store is away, and going on would only take long.
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
    // All of them are awaited, so that no work of a batch that failed goes on unseen.
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
