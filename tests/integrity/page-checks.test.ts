/** The gate's own fetches end with the gate, and with a new configuration, though the app says nothing. */
import { gzipSync } from 'node:zlib'
import t from 'tap'
import type { Sighting } from '../../src/integrity/app-memory.ts'
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

t.test('a coding may be named in two headers, and one that cannot be read is noted', async t => {
  const sightings: Sighting[] = []
  const notes: string[] = []
  const watch = {
    app: 'a',
    isLoaded: true,
    see: (sighting: Sighting) => sightings.push(sighting),
    note: (text: string) => notes.push(text)
  } as unknown as AppWatch
  const fetch: FetchPage = async () => ({
    status: 200,
    headers: ['Content-Encoding', 'gzip', 'content-encoding', 'gzip', 'Content-Encoding', 'dcb'],
    body: new Uint8Array(gzipSync(gzipSync('<script src="https://far.example/x.js"></script>'))),
    isWhole: true
  })
  const reader = new PageReader()
  const checks = new PageChecks({
    store: new MemoryStore(Date.now),
    clock: Date.now,
    reader,
    apps: [{ origins: ['http://a.localhost'], prefix: '', everyMs: 60_000, fetch, watch, pages: ['/one'] }]
  })
  await checks.tick()
  await reader.stop()
  t.match(sightings[0]?.reading?.marks[0]?.value, /far\.example/)
  t.same(notes, ['unread dcb'])
})
