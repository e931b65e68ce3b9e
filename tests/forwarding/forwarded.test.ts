/** The `Forwarded` header: what apps that ask for it get, and that no client's own arrives anywhere. */
import t from 'tap'
import { verdictHeaders } from '../../plugins/verdict-headers.ts'
import { forwardedElement } from '../../src/forwarding/forwarded.ts'
import { startUpstream, valuesOf } from '../fixtures/in-process/upstream.ts'
import { at, get, host, makeApp, startGate } from '../fixtures/pipeline/forwarding.ts'

t.test('an element is quoted where RFC 7239 asks for it', async t => {
  const rows: [sentence: string, address: string, host: string, origin: string, element: string][] = [
    ['IPv4', '192.0.2.7', 'a.example', 'https://a.example', 'for=192.0.2.7;host=a.example;proto=https'],
    ['IPv6', '2001:db8::7', 'a.example', 'https://a.example', 'for="[2001:db8::7]";host=a.example;proto=https'],
    [
      'a port',
      '192.0.2.7',
      'a.example:8443',
      'https://a.example:8443',
      'for=192.0.2.7;host="a.example:8443";proto=https'
    ],
    ['an IPv6 host', '::1', '[::1]:80', 'http://[::1]:80', 'for="[::1]";host="[::1]:80";proto=http'],
    ['a client without an address', 'unknown', 'a.example', 'http://a.example', 'for=unknown;host=a.example;proto=http']
  ]
  for (const [sentence, address, host, origin, element] of rows)
    t.equal(forwardedElement(address, { host, origin }), element, sentence)
})

t.test('H3 H6 an app gets the gate’s Forwarded if it asks for it, and never a client’s', async t => {
  const up = await startUpstream(t)
  const lies = ['Forwarded: for=10.0.0.1;proto=http', 'FORWARDED: host=evil.example', 'X_Forwarded: for=10.0.0.1']
  const hidden = ['Connection: forwarded, x-forwarded-for, close', ...lies]
  const rows: [sentence: string, app: Partial<Parameters<typeof makeApp>[0]>, lines: string[], isSent: boolean][] = [
    ['an app that does not ask', {}, lies, false],
    ['an app that asks', { forwarded: true }, [], true],
    ['an app that asks, and a client that lies', { forwarded: true }, lies, true],
    ['a client that lists it in Connection', { forwarded: true }, hidden, true],
    ['an app that lets the name pass', { forwarded: true, passHeaders: ['Forwarded'] }, lies, true]
  ]
  for (const [sentence, app, lines, isSent] of rows) {
    const gate = await startGate(t, [makeApp({ upstreams: [at(up)], ...app })])
    await gate.ask(get('/', lines))
    const request = up.requests.at(-1)!
    const [address = ''] = valuesOf(request, 'x-forwarded-for')
    t.same(valuesOf(request, 'forwarded'), isSent ? [`for=${address};host=${host};proto=https`] : [], sentence)
    t.same(valuesOf(request, 'x_forwarded'), [], `${sentence}: nor in another spelling`)
  }
})

t.test('a verdict says the same to the proxy that asks, and otherwise tells it to remove the header', async t => {
  const verdictFor = (forwarded: boolean) =>
    verdictHeaders(
      { forwarded: 'for=10.0.0.1' },
      { app: makeApp({ upstreams: [], forwarded }), subject: null, address: '2001:db8::7', assertion: null }
    )
  const asks = verdictFor(true)
  t.equal(asks.forwarded, `for="[2001:db8::7]";host=${host};proto=https`)
  t.match(asks['factorgate-copy'], /\bforwarded\b/)
  t.notMatch(asks['x-envoy-auth-headers-to-remove'], /(?:^|,)forwarded(?:,|$)/)
  t.equal(verdictFor(false).forwarded, '')
})
