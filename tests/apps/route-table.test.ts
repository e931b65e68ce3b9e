import t from 'tap'
import { type App, RouteTable } from '../../src/apps/route-table.ts'
import { parseTarget } from '../../src/request/target.ts'
import { sampleApp } from '../fixtures/in-process/sample-app.ts'

function app(id: string, url: string, change: Partial<App> = {}): App {
  const { origin, pathname } = new URL(url)
  return sampleApp({ id, origin, prefix: pathname === '/' ? '' : pathname, ...change })
}

const behindBase = { upstreams: [{ origin: 'http://127.0.0.1:9', socketPath: null, basePath: '/base' }] }
const table = new RouteTable({
  portalOrigin: 'https://gate.test',
  apps: [
    app('one', 'https://one.test/'),
    app('two', 'https://two.test:8443/'),
    app('root', 'https://lab.test/'),
    app('nb', 'https://lab.test/nb'),
    app('nb-deep', 'https://lab.test/nb/deep'),
    app('exact', 'https://lab.test/Exact', { policy: { rules: [], caseSensitive: true } }),
    app('only', 'https://sub.test/only'),
    app('six', 'http://[::1]:8080/'),
    app('based', 'https://based.test/', behindBase)
  ]
})

/** The match as text: `app:ID path`, `own path`, or the refusal's code. */
function where(host: string | undefined, raw: string): string {
  const target = parseTarget(raw)
  if (target === null) return '400'
  const match = table.match(host, target)
  if (match.kind === 'app') return `app:${match.app.id} ${match.path}`
  return match.kind === 'own' ? `own ${match.path}` : match.code
}

const hosts: [host: string | undefined, result: string, why: string][] = [
  ['one.test', 'app:one /x', 'the host itself'],
  ['ONE.Test', 'app:one /x', 'P10 letter case'],
  ['one.test:443', 'app:one /x', "P10 the scheme's default port"],
  ['one.test:80', 'misdirected', "another scheme's default port"],
  ['one.test:8443', 'misdirected', 'another port'],
  ['two.test:8443', 'app:two /x', 'a port of its own'],
  ['two.test', 'misdirected', 'a port left out that is not the default'],
  ['one.test.', 'misdirected', 'P11 CVE-2022-23632 a trailing dot'],
  ['a.one.test', 'misdirected', 'P10 a host below'],
  ['evil.test', 'misdirected', 'P16 an unknown host'],
  ['one.test@evil.test', 'misdirected', 'user info'],
  ['evil@one.test', 'misdirected', 'user info before a good host'],
  ['one.test/', 'misdirected', 'a slash'],
  ['one.test,evil.test', 'misdirected', 'two hosts'],
  [' one.test', 'misdirected', 'a space'],
  ['one.test\0', 'misdirected', 'a NUL'],
  ['one.test:0443', 'misdirected', 'a port with a zero before it'],
  ['one.test:', 'misdirected', 'a colon without a port'],
  ['', 'misdirected', 'an empty Host'],
  [undefined, 'misdirected', 'no Host'],
  ['\u212Aone.test', 'misdirected', 'a letter that only looks like ASCII'],
  ['x'.repeat(9000), 'misdirected', 'a huge Host'],
  ['__proto__', 'misdirected', 'the name of a property'],
  ['[::1]:8080', 'app:six /x', 'an IPv6 literal'],
  ['[::1]', 'misdirected', 'an IPv6 literal on another port'],
  ['gate.test', 'no_such_app', "the portal's host, which has no app"]
]
for (const [host, result, why] of hosts)
  t.test(`${result.split(' ')[0]} for ${why}`, async t => t.equal(where(host, '/x'), result))

const paths: [host: string, raw: string, result: string][] = [
  ['lab.test', '/', 'app:root /'],
  ['lab.test', '/nb', 'app:nb /'],
  ['lab.test', '/nb/', 'app:nb /'],
  ['lab.test', '/nb?x', 'app:nb /'],
  ['lab.test', '/nb/tree/a%20b?x', 'app:nb /tree/a%20b'],
  ['lab.test', '/nbx/y', 'app:root /nbx/y'],
  ['lab.test', '/nb.html', 'app:root /nb.html'],
  ['lab.test', '/x/nb/y', 'app:root /x/nb/y'],
  ['lab.test', '/nb/deep', 'app:nb-deep /'],
  ['lab.test', '/nb/deeper', 'app:nb /deeper'],
  ['lab.test', '/nb/deep/x', 'app:nb-deep /x'],
  ['lab.test', '/nb/x//y;z/./', 'app:nb /x//y;z/./'],
  ['sub.test', '/only/x', 'app:only /x'],
  ['sub.test', '/x', 'no_such_app'],
  ['sub.test', '/', 'no_such_app'],
  ['gate.test', '/', 'no_such_app'],
  ['gate.test', '/.factorgate', 'own '],
  ['gate.test', '/.factorgate/', 'own /'],
  ['one.test', '/.factorgate/login?rd=x', 'own /login'],
  ['lab.test', '/.factorgate/login', 'own /login'],
  ['one.test', '/.factorgatex', 'app:one /.factorgatex'],
  ['one.test', '/x/.factorgate/login', 'app:one /x/.factorgate/login'],
  ['lab.test', '/nb/.factorgate/login', 'app:nb /.factorgate/login']
]
for (const [host, raw, result] of paths)
  t.test(`${host}${raw} is ${result}`, async t => t.equal(where(host, raw), result))

const ambiguous: [host: string, raw: string, why: string][] = [
  ['lab.test', '/nb/../x', 'P4 dots that leave the prefix'],
  ['lab.test', '/nb/%2e%2e/x', 'P4 CVE-2025-66490 encoded dots that leave the prefix'],
  ['lab.test', '/nb%2f..%2fx', 'P4 encoded slashes around dots'],
  ['lab.test', '/nb//..//x', 'P4 CVE-2025-32431 slashes around dots'],
  ['lab.test', '/nb/..;/x', 'P4 dots behind a parameter'],
  ['lab.test', '/nb/..\\x', 'P4 dots and a backslash'],
  ['lab.test', '/nb/../nb/x', 'dots that leave the prefix and come back'],
  ['lab.test', '/x/../nb/y', 'dots that enter another app'],
  ['lab.test', '/n%62/x', 'an encoded letter of a prefix'],
  ['lab.test', '/nb%2fx', 'an encoded slash behind a prefix'],
  ['lab.test', '/nb;a/x', 'a parameter on a prefix'],
  ['lab.test', '//nb/x', 'two slashes before a prefix'],
  ['lab.test', '//evil/nb/x', 'a host before a prefix'],
  ['lab.test', '/NB/x', 'a prefix in other letters, which a server behind may read as the prefix'],
  ['lab.test', '/nb/x/../../../nb/y', 'dots far above the prefix'],
  ['sub.test', '/only/../x', 'dots that leave the only app'],
  ['sub.test', '/x/../only/y', 'dots that enter the only app'],
  ['one.test', '/x/../.factorgate/login', "dots that enter the gateway's own paths"],
  ['one.test', '/%2efactorgate/login', "an encoded letter of the gateway's own paths"],
  ['one.test', '//.factorgate/login', "two slashes before the gateway's own paths"],
  ['one.test', '/.factorgate;x/login', "a parameter on the gateway's own paths"],
  ['one.test', '/.FactorGate/login', "the gateway's own paths in other letters"],
  ['one.test', '/.factorgate/../x', "dots that leave the gateway's own paths"],
  [
    'gate.test',
    '/.factorgate/static%2f..%2f..%2fpackage.json',
    'P9 CVE-2026-6414 encoded traversal out of our own files'
  ],
  ['based.test', '/../secret', 'dots above the base path of an upstream'],
  ['based.test', '/x/..%2f..%2fsecret', 'encoded dots above the base path of an upstream'],
  ['based.test', '/../base/x', 'dots above the base path that come back']
]
for (const [host, raw, why] of ambiguous)
  t.test(`ambiguous: ${why} (${raw})`, async t => t.equal(where(host, raw), 'ambiguous_target'))

const harmless: [host: string, raw: string, result: string][] = [
  ['one.test', '/a/../../b', 'app:one /a/../../b'],
  ['one.test', '/a\\..\\b', 'app:one /a\\..\\b'],
  ['one.test', '//x', 'app:one //x'],
  ['one.test', '/%zz', 'app:one /%zz'],
  ['one.test', '/caf%E9', 'app:one /caf%E9'],
  ['lab.test', '/nb/a/../b', 'app:nb /a/../b'],
  ['lab.test', '/nb/a%2f..%2fb', 'app:nb /a%2f..%2fb'],
  ['lab.test', '/nb/...', 'app:nb /...'],
  ['lab.test', '/NBX', 'app:root /NBX'],
  ['lab.test', '/exact/x', 'app:root /exact/x'],
  ['based.test', '/a/../b', 'app:based /a/../b'],
  ['one.test', '/app1@evil.test/', 'app:one /app1@evil.test/'],
  ['one.test', '/app1/http://evil.test/', 'app:one /app1/http://evil.test/']
]
for (const [host, raw, result] of harmless)
  t.test(`harmless, and forwarded as it came: ${raw}`, async t => t.equal(where(host, raw), result))

t.test('readings are those of the path inside the app', async t => {
  const match = table.match('lab.test', parseTarget('/nb/a%2Fb')!)
  t.same(match.kind === 'app' && match.readings, ['/a%2Fb', '/a/b'])
  const bare = table.match('lab.test', parseTarget('/nb')!)
  t.same(bare.kind === 'app' && bare.readings, ['/'])
})

t.test('two slashes behind a prefix count as what the upstream sees: perhaps a host', async t => {
  const match = table.match('lab.test', parseTarget('/nb//x/admin')!)
  t.ok(match.kind === 'app' && match.readings.includes('/admin'))
})

t.test('sites say what cookies and links need to know', async t => {
  t.same(table.site('gate.test'), {
    host: 'gate.test',
    origin: 'https://gate.test',
    secure: true,
    port: '',
    isPortal: true
  })
  t.same(table.site('[::1]:8080'), {
    host: '[::1]:8080',
    origin: 'http://[::1]:8080',
    secure: false,
    port: '8080',
    isPortal: false
  })
  t.equal(table.site('LAB.test:443')?.host, 'lab.test')
  t.equal(table.site('evil.test'), null)
  t.same(
    table.sites.map(site => site.host),
    ['gate.test', 'one.test', 'two.test:8443', 'lab.test', 'sub.test', '[::1]:8080', 'based.test']
  )
})

t.test('a host known but without an app there keeps its site, so that its page can be answered', async t => {
  const match = table.match('gate.test', parseTarget('/')!)
  t.ok(match.kind === 'none' && match.site?.isPortal)
})

t.test("an app may live on the portal's own host", async t => {
  const shared = new RouteTable({ portalOrigin: 'https://lab.test', apps: [app('a', 'https://lab.test/')] })
  t.equal(shared.match('lab.test', parseTarget('/x')!).kind, 'app')
  t.equal(shared.match('lab.test', parseTarget('/.factorgate/login')!).kind, 'own')
  t.equal(shared.sites.length, 1)
})

const contradictions: [apps: App[], message: RegExp][] = [
  [[app('a', 'https://x.test/nb'), app('b', 'https://x.test/nb')], /a and b/],
  [[app('a', 'https://x.test/'), app('b', 'http://x.test/y', { host: 'x.test' })], /x\.test/],
  [[app('a', 'https://x.test/.factorgate/x')], /factorgate/],
  [[app('a', 'https://x.test/.Factorgate')], /factorgate/],
  [[app('a', 'https://x.test/', { prefix: '/nb/' })], /prefix/],
  [[app('a', 'https://x.test/', { prefix: 'nb' })], /prefix/],
  [[app('a', 'https://x.test/', { prefix: '/a/../b' })], /prefix/],
  [[app('a', 'https://x.test/', { prefix: '/a%20b' })], /prefix/]
]
for (const [apps, message] of contradictions)
  t.test(`refuses a table with ${apps.map(({ prefix }) => prefix || '/').join(' and ')}`, async t =>
    t.throws(() => new RouteTable({ portalOrigin: 'https://gate.test', apps }), { message })
  )

t.test('thousands of apps are found like one, by host and by prefix', async t => {
  const many = new RouteTable({
    portalOrigin: 'https://gate.test',
    apps: Array.from({ length: 2000 }, (_, i) =>
      i % 2 ? app(`h${i}`, `https://h${i}.test/`) : app(`p${i}`, `https://lab.test/p${i}`)
    )
  })
  for (const i of [0, 1, 998, 999, 1998, 1999]) {
    const match = many.match(i % 2 ? `h${i}.test` : 'lab.test', parseTarget(i % 2 ? '/x' : `/p${i}/x`)!)
    t.ok(match.kind === 'app' && match.app.id === (i % 2 ? `h${i}` : `p${i}`) && match.path === '/x')
  }
})
