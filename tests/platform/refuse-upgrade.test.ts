/** Servers that switch to another protocol in place of an answer: whoever asks them hears of it. */
import http from 'node:http'
import net, { type AddressInfo } from 'node:net'
import { setImmediate as turn } from 'node:timers/promises'
import t from 'tap'
import { askAdmin } from '../../src/cli/doctor/gate.ts'
import { HttpsCollector } from '../../src/export/https-collector.ts'
import { makeProviderFetch } from '../../src/identity/oidc/provider-fetch.ts'
import { openMetadata } from '../../src/identity/saml/metadata-fetch.ts'
import { postWebhook } from '../../src/notify/webhook.ts'
import { refuseUpgrade } from '../../src/platform/refuse-upgrade.ts'
import { OtlpCollector } from '../../src/traces/otlp-collector.ts'

t.test('whoever is asked may answer 101: the request fails at once', async t => {
  const server = net.createServer(socket => {
    socket.on('error', () => {})
    socket.once('data', () =>
      socket.end('HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n')
    )
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.close())
  const { port } = server.address() as AddressInfo
  const url = `http://127.0.0.1:${port}/x`
  const bare = http.get(url, { agent: false })
  const said: string[] = []
  for (const event of ['error', 'response', 'close']) bare.on(event, () => said.push(event))
  await new Promise<void>(resolve => bare.once('close', resolve))
  t.same(said, ['close'], 'Node alone says nothing')
  const heard = await new Promise<Error>(resolve => refuseUpgrade(http.get(url, { agent: false })).on('error', resolve))
  t.match(heard.message, /switches to another protocol/)
  const told = (ask: Promise<unknown>) =>
    ask.catch(error => String(error.message)).then(answer => JSON.stringify(answer))
  const provider = makeProviderFetch({ ca: null, timeoutMs: 5_000 })
  const collector = new OtlpCollector({ endpoint: url, headersFile: null, ca: null } as never)
  const exported = new HttpsCollector({ url, tokenFile: null, compresses: false, tls: {} } as never)
  const line = { line: { seq: 1 }, text: '{}' }
  const switches = /switches to another protocol/
  for (const [who, ask, why] of [
    ['a webhook', () => postWebhook({ url, secret: 'x'.repeat(24), ca: null } as never, 'id', '{}', 0), switches],
    ['a provider', () => provider.fetch(url, { method: 'GET', headers: {} }), switches],
    ['a metadata server', () => openMetadata({ kind: 'url', url }, { ca: null, etag: null } as never), switches],
    ['a collector of traces', () => collector.send('{}', new AbortController().signal), switches],
    ['a collector of the journal', () => exported.send([line] as never), switches],
    ['a stranger on the admin port', () => askAdmin({ host: '127.0.0.1', port } as never, '/livez'), /^null$/]
  ] as const)
    t.match(await told(ask()), why, who)
  provider.close()
  collector.close()
  await turn()
})
