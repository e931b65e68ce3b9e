/** `traces`: what it loads to, and what is wrong with it. */
import path from 'node:path'
import t from 'tap'
import { read, said } from './read.ts'

t.test('what is left out has a value', async t => {
  const loaded = read('traces: { endpoint: "http://127.0.0.1:4318/v1/traces" }')
  t.match(loaded.kind === 'ok' ? loaded.config.traces : said(loaded), {
    endpoint: { url: 'http://127.0.0.1:4318/v1/traces', isSecure: false },
    ...{ headersFile: null, ca: null, sample: 0.1, name: 'factorgate', path: 'none' }
  })
  const nothing = read('')
  t.equal(nothing.kind === 'ok' ? nothing.config.traces : 'bad', null, 'there are none by default')
})

t.test('a share may come from the environment', async t => {
  const of = (text: string) => {
    const loaded = read(
      'traces: { endpoint: "http://[::1]:4318/v1/traces", sample: "$SHARE" }'.replace('$SHARE', `$${'{SHARE}'}`),
      { SHARE: text }
    )
    return loaded.kind === 'ok' ? loaded.config.traces?.sample : said(loaded).join()
  }
  t.equal(of('0.25'), 0.25)
  t.equal(of('1'), 1)
  t.match(of('much'), /traces\.sample +must be a number from 0 to 1/)
})

const here = 'endpoint: "http://127.0.0.1:4318/v1/traces"'
const rows: readonly (readonly [string, string, RegExp])[] = [
  ['an endpoint is needed', 'sample: 1', /traces\.endpoint/],
  [
    'no path',
    'endpoint: "http://127.0.0.1:4318"',
    /must have the path of the collector, which usually is \/v1\/traces/
  ],
  ['no URL', 'endpoint: 127.0.0.1', /must be the address of a collector/],
  ['gRPC', 'endpoint: "http://127.0.0.1:4317/v1/traces"', /4317, where collectors usually take gRPC/],
  ['a password in it', 'endpoint: "https://a:hunter2@x.example/v1/traces"', /must not hold a user or password/],
  ['more than all', `${here}, sample: 1.5`, /must be a number from 0 to 1, got '1\.5'/],
  ['a share in words', `${here}, sample: all`, /must be a number from 0 to 1, got 'all'/],
  ['a certificate without TLS', `${here}, ca: ca.pem`, /traces\.ca +has no use without https/],
  [
    'a file that is not there',
    `${here}, headersFile: missing`,
    /traces\.headersFile +names a file that cannot be read/
  ],
  ['a file without headers', `${here}, headersFile: bad`, /has no header such as 'Authorization: Bearer …' in line 1/],
  ['a token in the clear', 'endpoint: "http://c.example/v1/traces", headersFile: good', /must begin with https/],
  ['in the clear', 'endpoint: "http://c.example/v1/traces"', /plain http to another machine/]
]

t.test('what is wrong is said, and no secret with it', async t => {
  const folder = t.testdir({ bad: 'token hunter2\n', good: 'Authorization: Bearer hunter2\n' })
  for (const [name, keys, expected] of rows) {
    const loaded = read(`traces: { ${keys} }`, {}, path.join(folder, 'factorgate.yaml'))
    const text = said(loaded).join('\n')
    t.match(text, expected, name)
    t.notMatch(text, /hunter2/)
  }
})
