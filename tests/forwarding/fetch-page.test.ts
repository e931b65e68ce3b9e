/** Pages that the gate fetches itself, from apps that are ill: each fetch ends in time, or with whoever waits for it, and leaves no connection. */
import t from 'tap'
import { fetchPage } from '../../src/forwarding/fetch-page.ts'
import { UpstreamRegistry } from '../../src/forwarding/upstreams.ts'
import { collectGarbage } from '../fixtures/in-process/garbage.ts'
import { allIllnesses, startIll } from '../fixtures/in-process/ill-server.ts'
import { at, makeApp } from '../fixtures/pipeline/forwarding.ts'

const limits = { maxBytes: 64 * 1024, timeoutMs: 300 }

t.test('an app that is ill', async t => {
  collectGarbage(t)
  const server = await startIll(t, { illness: 'says nothing' })
  const app = makeApp({ upstreams: [at({ origin: server.address })] })
  const { signal } = new AbortController()
  for (const illness of allIllnesses) {
    server.illness = illness
    // A failure of before would let the next one wait.
    const upstreams = new UpstreamRegistry({ apps: [app] })
    const found = await fetchPage(upstreams.of(app), '/', { ...limits, signal }).catch((error: Error) => error)
    if (!(found instanceof Error)) t.ok(found.body.length <= limits.maxBytes, `${illness}: ${found.body.length} bytes`)
    else t.ok(found.message, `${illness}: ${found.message}`)
    upstreams.close()
    await server.left()
  }
})

t.test('whoever waits ends it', async t => {
  const server = await startIll(t, { illness: 'never answers' })
  const app = makeApp({ upstreams: [at({ origin: server.address })] })
  const upstreams = new UpstreamRegistry({ apps: [app] })
  const ending = new AbortController()
  const terms = { ...limits, timeoutMs: 600_000, signal: ending.signal }
  const fetched = fetchPage(upstreams.of(app), '/', terms)
  await server.asked()
  ending.abort()
  await t.rejects(fetched, { message: 'nobody waits for the page any more' })
  await server.left()
  await t.rejects(fetchPage(upstreams.of(app), '/', terms), { message: 'nobody waits for the page any more' })
  t.equal(server.count, 1)
})
