/** Runs the same scenarios against a gate on the embedded store, and in `npm run test:deep` on Redis too. */
import type { Test } from 'tap'
import { Fixture, type FixtureOptions } from '../fixtures/in-process/callers.ts'
import { isDeep } from '../fixtures/in-process/cases.ts'
import { startRedis } from '../fixtures/process/redis-server.ts'
import { type Row, tryAll } from './table.ts'

/** One gate for each store, with the rows one after the other. */
export async function onBothStores(
  t: Test,
  options: FixtureOptions,
  rowsOf: (fixture: Fixture) => Row[]
): Promise<void> {
  for (const store of isDeep ? ['embedded', 'Redis'] : ['embedded'])
    await t.test(`on ${store}`, async t => {
      const where = store === 'Redis' ? { store: (await startRedis(t)).url } : {}
      await tryAll(t, rowsOf(await Fixture.start(t, { ...options, ...where })))
    })
}
