/** FIELD F23: who is offered HTTP/2. Most of it runs on Node 24 alone. */
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import net from 'node:net'
import tls from 'node:tls'
import t, { type Test } from 'tap'
import { knownAddresses, protocolsFor } from '../../src/server/alpn.ts'
import { until } from '../fixtures/in-process/until.ts'
import { startUpstream } from '../fixtures/in-process/upstream.ts'
import { at, makeApp } from '../fixtures/pipeline/forwarding.ts'
import { startHttp2Gate } from '../fixtures/pipeline/http2.ts'
import { startGate } from '../fixtures/process/gate.ts'
import { isOnNode24 } from '../fixtures/process/on-node-24.ts'

/** What a client from `address` that offers these speaks in the end; the code of the error if nothing. */
async function agreed(
  t: Test,
  port: number,
  address: string,
  ALPNProtocols?: string[]
): Promise<string | false | null> {
  const socket = tls.connect({
    socket: net.connect({ port, host: '127.0.0.1', localAddress: address }),
    rejectUnauthorized: false,
    ...(ALPNProtocols === undefined ? {} : { ALPNProtocols })
  })
  t.teardown(() => socket.destroy())
  try {
    await once(socket, 'secureConnect')
    return socket.alpnProtocol
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? null
  } finally {
    socket.destroy()
  }
}

const both = ['h2', 'http/1.1']
const proxy = '127.0.0.2'
const person = '127.0.0.3'

t.test('FIELD F23 the list of proxies is the one of now', async t => {
  let list: readonly string[] = ['127.0.0.0/30', 'fd00::/8']
  const isProxy = knownAddresses(() => list)
  t.same(['127.0.0.2', '::ffff:127.0.0.2', 'fd00::1', '127.0.0.4', 'unknown', ''].map(isProxy), [
    ...[true, true, true],
    ...[false, false, false]
  ])
  list = ['127.0.0.4']
  t.same(['127.0.0.2', '127.0.0.4'].map(isProxy), [false, true])
})

t.test(
  'without the connection, which Node gives and does not promise, a client counts as none of the proxies',
  async t => {
    const { ALPNCallback } = protocolsFor(address => address === proxy)
    t.equal(ALPNCallback?.call(undefined as never, { servername: 'a', protocols: both }), 'h2')
  }
)

if (isOnNode24(t, import.meta.url)) {
  t.test('FIELD F23 a proxy, whose connections carry many people, speaks HTTP/1.1', async t => {
    const up = await startUpstream(t)
    const gate = await startHttp2Gate(t, [makeApp({ upstreams: [at(up)] })], {
      listener: { http2: address => address === proxy }
    })
    const rows: [string, string, string[] | undefined, string | false][] = [
      ['a browser', person, both, 'h2'],
      ['a browser in the other order', person, ['http/1.1', 'h2'], 'h2'],
      ['a program of HTTP/1.1', person, ['http/1.1'], 'http/1.1'],
      ['a program that says nothing', person, undefined, false],
      ['one that speaks neither', person, ['spdy/3'], 'ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL'],
      ['a proxy', proxy, both, 'http/1.1'],
      ['a proxy that speaks HTTP/1.1', proxy, ['http/1.1'], 'http/1.1'],
      ['a proxy that is set to HTTP/2 alone', proxy, ['h2'], 'h2'],
      ['a proxy that says nothing', proxy, undefined, false]
    ]
    for (const [who, address, offers, expected] of rows)
      t.equal(await agreed(t, gate.port, address, offers), expected, who)
  })

  t.test('FIELD F23 trustedProxies says who that is, also after a reload', async t => {
    const gate = await startGate(t, {
      tls: true,
      config: { trustedProxies: [proxy] },
      apps: [{ id: 'one', url: 'https://one.localhost:HOST', upstream: 'http://127.0.0.1:9' }]
    })
    const spoken = async () => [await agreed(t, gate.port, proxy, both), await agreed(t, gate.port, person, both)]
    t.same(await spoken(), ['http/1.1', 'h2'])
    const text = await readFile(gate.configFile, 'utf8')
    await writeFile(gate.configFile, text.replace(proxy, person))
    await until(() => /configuration reloaded/.test(gate.output), 'a reload')
    t.same(await spoken(), ['h2', 'http/1.1'])
  })
}
