/** Time limits hold however often garbage is collected while they run. */
import events, { getEventListeners } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import net, { type AddressInfo } from 'node:net'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import t from 'tap'
import { Wire } from '../../src/acme/wire.ts'
import { makeProviderFetch } from '../../src/identity/oidc/provider-fetch.ts'
import { deadlineSignal } from '../../src/platform/deadline.ts'
import { OtlpCollector } from '../../src/traces/otlp-collector.ts'

const sources = fileURLToPath(new URL('../../src/', import.meta.url))

setFlagsFromString('--expose-gc')
const collectGarbage: () => void = runInNewContext('gc')

/** What `work` rejects with; garbage is collected again and again meanwhile. The time is many times that of the limits under test. */
async function failureOf(work: Promise<unknown>): Promise<string> {
  const collecting = setInterval(collectGarbage, 5)
  let late: NodeJS.Timeout | undefined
  const tooLate = new Promise<string>(resolve => {
    late = setTimeout(resolve, 3000, 'the limit does not hold')
  })
  try {
    return await Promise.race([work.then(String, (error: Error) => error.message), tooLate])
  } finally {
    clearInterval(collecting)
    clearTimeout(late)
  }
}

const aborted = (signal: AbortSignal) =>
  new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true }))

t.test('a limit is kept beside other signals', async t => {
  t.match(await failureOf(aborted(deadlineSignal(20))), /timeout/)
  t.match(await failureOf(aborted(deadlineSignal(20, new AbortController().signal))), /timeout/)
  const inner = deadlineSignal(20, new AbortController().signal)
  t.match(await failureOf(aborted(deadlineSignal(60_000, inner))), /timeout/, 'one within another')
})

t.test('another signal ends the wait first', async t => {
  const stop = new AbortController()
  const found = failureOf(aborted(deadlineSignal(60_000, stop.signal)))
  stop.abort(new Error('stopped'))
  t.equal(await found, 'stopped')
})

t.test('a signal that has ended ends at once, and nothing of a limit stays with a signal that lives on', async t => {
  const reason = new Error('stopped')
  t.equal(deadlineSignal(60_000, new AbortController().signal, AbortSignal.abort(reason)).reason, reason)
  const warned: Error[] = []
  const warn = (warning: Error) => warned.push(warning)
  process.on('warning', warn)
  t.teardown(() => process.off('warning', warn))
  const stop = new AbortController()
  const limits = Array.from({ length: 20 }, () => deadlineSignal(20, stop.signal))
  t.equal(getEventListeners(stop.signal, 'abort').length, 20)
  await failureOf(Promise.allSettled(limits.map(aborted)))
  t.equal(getEventListeners(stop.signal, 'abort').length, 0)
  t.same(warned, [], 'Node.js warns of no leak')
})

t.test('a limit alone leaves the settings of the process as they are', t => {
  const before = events.defaultMaxListeners
  deadlineSignal(1)
  t.equal(events.defaultMaxListeners, before)
  t.end()
})

t.test('servers that say nothing', async t => {
  const server = net.createServer(socket => socket.on('error', () => {}).resume())
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const url = `http://127.0.0.1:${port}/`
  const stop = new AbortController()
  t.teardown(() => {
    stop.abort()
    server.close()
  })

  const acme = new Wire({ directory: url, ca: null, userAgent: 'factorgate', timeoutMs: 20 })
  t.match(await failureOf(acme.send({ method: 'GET', url }, stop.signal)), /no whole answer within 0.02 s/, 'ACME')

  const provider = makeProviderFetch({ ca: null, timeoutMs: 20 })
  const asked = provider.fetch(url, { method: 'GET', headers: {}, signal: stop.signal })
  t.match(await failureOf(asked), /no answer within 0.02 s/, 'a provider')
  provider.close()

  const target = { endpoint: url, headersFile: null, ca: null }
  const collector = new OtlpCollector(target, 20)
  const sent = collector.send('{}', stop.signal).then(answer => ('problem' in answer ? answer.problem : ''))
  t.match(await failureOf(sent), /did not answer within 0.02 s/, 'a collector of traces')
  collector.close()
})

t.test('no other code joins signals by itself', t => {
  const files = readdirSync(sources, { recursive: true, encoding: 'utf8' }).filter(file => file.endsWith('.ts'))
  const users = files.filter(file => readFileSync(path.join(sources, file), 'utf8').includes('AbortSignal.any('))
  t.same(users, [])
  t.end()
})
