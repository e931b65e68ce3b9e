/** Work in batches: all at once would exceed Redis' limit of one second, and one by one would take minutes. */

const batchSize = 200

/**
 * Returns the results in order. A failure stops the work after its batch; with `goesOn` it is thrown at the end, unless a whole batch fails (the store is
 * unreachable).
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

/** A pause after each batch lets the gate answer requests. */
export async function* withPauses<Item>(items: AsyncIterable<Item>): AsyncIterable<Item> {
  let count = 0
  for await (const item of items) {
    if (++count % batchSize === 0) await new Promise(resolve => setImmediate(resolve))
    yield item
  }
}

const sliceMs = 0.3
/** Few, because the end of each takes time from requests. */
const maxRunning = 8

/**
 * Works in the background, a fraction of a millisecond in each turn of the event loop. The first failure is thrown at the end; after eight in a row the rest is
 * left.
 */
export async function inSlices<Item>(items: readonly Item[], work: (item: Item) => Promise<unknown>): Promise<void> {
  let next = 0
  let failure: { readonly error: unknown } | null = null
  let failed = 0
  const worker = async () => {
    let end = performance.now() + sliceMs
    while (next < items.length && failed < maxRunning) {
      try {
        await work(items[next++] as Item)
        failed = 0
      } catch (error) {
        failure ??= { error }
        failed++
      }
      if (performance.now() < end) continue
      await new Promise(resolve => setImmediate(resolve))
      end = performance.now() + sliceMs / maxRunning
    }
  }
  await Promise.all(Array.from({ length: Math.min(maxRunning, items.length) }, worker))
  if (failure !== null) throw (failure as { readonly error: unknown }).error
}
