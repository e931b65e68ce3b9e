/**
 * Work on many records in batches. A Redis must answer each command within a second, so a hundred thousand questions at once would all be late; one
 * after the other they would take minutes.
 */

/** Enough to keep a store busy, few enough that each is answered at once. */
const batchSize = 200

/** Does `work` for each item, 200 at a time, and answers the results in the order of the items. `onDone` hears how many are done. */
export async function inBatches<Item, Result>(
  items: Iterable<Item> | AsyncIterable<Item>,
  work: (item: Item) => Promise<Result>,
  onDone: (done: number) => void = () => {}
): Promise<Result[]> {
  const results: Result[] = []
  let batch: Item[] = []
  const finish = async () => {
    for (const result of await Promise.all(batch.map(work))) results.push(result)
    batch = []
    onDone(results.length)
  }
  for await (const item of items) if (batch.push(item) === batchSize) await finish()
  if (batch.length > 0) await finish()
  return results
}
