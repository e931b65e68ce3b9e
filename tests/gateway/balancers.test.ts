/** The examples of proxies before the gate (apache.conf, traefik-front.yaml, envoy-front.yaml): what a visitor sends, the app gets, byte for byte. */
import { once } from 'node:events'
import http, { type IncomingMessage } from 'node:http'
import t from 'tap'
import { echoApp, startGateway } from '../fixtures/in-process/gateway.ts'
import { freePort } from '../fixtures/process/free-port.ts'
import { balancers } from '../fixtures/process/front-examples.ts'
import { notTried } from '../fixtures/process/not-tried.ts'
import { hasProgram } from '../fixtures/process/proxies.ts'

const paths = [
  ...['/a%2Fb/..%2fc', '/x//y/', '/%7Ea~b', '/M%E4rz.csv', '/a%20b+c;p=1', '/[x]{y}|z', '/%25%32%46', '/x?'],
  ...['/x?q=%zz&a=b;c', '/a:b@c!$&(*)', '/a/./b/../c', `/${'p'.repeat(9_000)}`]
]
/** Traefik spells some in another way. What they mean stays. */
const spelled: Record<string, Record<string, string>> = {
  traefik: {
    '/a%2Fb/..%2fc': '/a%2Fb/..%2Fc',
    '/%7Ea~b': '/~a~b',
    '/[x]{y}|z': '/%5Bx%5D%7By%7D%7Cz',
    '/%25%32%46': '/%252F',
    '/x?q=%zz&a=b;c': '/x?q=%zz&a=b%3Bc'
  }
}

for (const [name, start] of Object.entries(balancers))
  t.test(`the example for ${name} hands over addresses, long heads, uploads and sockets as they are`, async t => {
    if (!hasProgram(name)) return void notTried(t, `${name} is not installed`)
    const app = await echoApp(t)
    const gate = await startGateway(t, {
      extra: 'trustedProxies: ["127.0.0.1"]',
      apps: `  - { id: one, url: "http://one.localhost:PORT", upstream: "${app.url}", rules: [{ access: public }] }`
    })
    const port = await freePort()
    await start(t, { port, gate: gate.port, host: 'one.localhost' })
    const host = `one.localhost:${gate.port}`
    const send = async (path: string, options: http.RequestOptions = {}, body?: string) => {
      const { headers, ...more } = options
      const request = http.request({
        ...{ host: '127.0.0.1', port, path, localAddress: '127.0.0.2', agent: false, ...more },
        headers: { host, ...headers }
      })
      request.end(body)
      const [response] = (await once(request, 'response')) as [IncomingMessage]
      let text = ''
      for await (const part of response.setEncoding('utf8')) text += part
      return { status: response.statusCode, text }
    }
    for (const path of paths) {
      // Apache reads dots itself, before the gate.
      if (name === 'apache2' && path.includes('/./')) continue
      const { status, text } = await send(path)
      t.match([status, status === 200 && JSON.parse(text).url], [200, spelled[name]?.[path] ?? path], path.slice(0, 40))
    }
    const forged = { 'x-forwarded-for': '192.0.2.1', forwarded: 'for=192.0.2.1', 'x-real-ip': '192.0.2.1' }
    const long = await send('/', { headers: { 'x-long': 'a'.repeat(12_000), ...forged } })
    t.equal(long.status, 200, 'a header of 12,000 bytes')
    const { headers } = JSON.parse(long.text)
    t.match(headers, { host, 'x-forwarded-for': '127.0.0.2', 'x-long': /^a{12000}$/ })
    t.notMatch(JSON.stringify(headers), '192.0.2.1')
    const odd = await send(
      '/dav',
      { method: 'PROPFIND', headers: { 'transfer-encoding': 'chunked' } },
      'x'.repeat(200_000)
    )
    t.match(JSON.parse(odd.text), { method: 'PROPFIND', url: '/dav' })

    const key = { 'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==', 'sec-websocket-version': '13' }
    await send('/socket', {
      headers: { origin: `http://${host}`, connection: 'Upgrade', upgrade: 'websocket', ...key }
    })
    // Envoy gives no body here.
    t.match(app.seen.at(-1)?.headers, { upgrade: 'websocket', ...key }, 'a handshake, which this app refuses')
  })
