/** Work on many records in batches: all at once would exceed Redis' limit of one second, and one by one would take minutes. */

const batchSize = 200

/**
 * Runs `work` for each item, 200 at a time, and returns the results in order. A failure stops the work after its batch. With `goesOn` the
 * other batches follow and the first failure is thrown at the end, unless a whole batch fails (the store is unreachable).
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
