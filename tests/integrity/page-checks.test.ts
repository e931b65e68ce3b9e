/** The gate's own fetches end with the gate, and with a new configuration, though the app says nothing. */
import t from 'tap'
import type { AppWatch } from '../../src/integrity/app-watch.ts'
import { type FetchPage, PageChecks } from '../../src/integrity/page-checks.ts'
import { PageReader } from '../../src/integrity/page-reader.ts'
import { MemoryStore } from '../fixtures/in-process/memory-store.ts'

t.test('an end does not wait for a silent app', async t => {
  const asked: string[] = []
  let begun = () => {}
  const isAsked = new Promise<void>(resolve => {
    begun = resolve
  })
  const fetch: FetchPage = (path, signal) => {
    asked.push(path)
    begun()
    return new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('ended'))))
  }
  const watch = { app: 'a', isLoaded: true } as AppWatch
  const app = { id: 'a', origins: ['http://a.localhost'], prefix: '', learnMs: 0, everyMs: 60_000, fetch, watch }
  const checks = new PageChecks({
    store: new MemoryStore(Date.now),
    clock: Date.now,
    reader: new PageReader(),
    apps: [{ ...app, pages: ['/one', '/two'] }]
  })
  const ticked = checks.tick()
  await isAsked
  await checks.stop()
  await ticked
  t.equal(asked[0], '/one')
})
