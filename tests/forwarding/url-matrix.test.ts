/**
 * Every placement of an app behind the gate, in one route table: own hosts, ports, sub-paths that are removed, kept or replaced, the
 * portal's host, Unix sockets. Each address header must name the public address outside and the app's own inside.
 */
import t, { type Test } from 'tap'
import { parseConfig } from '../../config/load.ts'
import type { App } from '../../src/apps/route-table.ts'
import { toPublicLocation, urlMappingOf } from '../../src/forwarding/url-mapping.ts'
import { toApp } from '../../src/services/app-options.ts'
import { startUpstream, type Upstream, valuesOf } from '../fixtures/in-process/upstream.ts'
import { type Gate, header, parse, startGate } from '../fixtures/pipeline/forwarding.ts'

interface Place {
  readonly title: string
  /** The public address. */
  readonly url: string
  /** The path at the upstream. */
  readonly base: string
  readonly unix?: boolean
}

const places: readonly Place[] = [
  { title: 'a host of its own', url: 'https://one.lab.example', base: '' },
  { title: 'a host of its own, and a base path', url: 'https://two.lab.example', base: '/inner/app' },
  { title: 'the root of a shared host', url: 'https://lab.example', base: '' },
  { title: 'a sub-path that is removed', url: 'https://lab.example/nb', base: '' },
  { title: 'a sub-path below another app’s', url: 'https://lab.example/nb/deep/down', base: '' },
  { title: 'a sub-path that the app knows', url: 'https://lab.example/wiki', base: '/wiki' },
  { title: 'a sub-path that is replaced', url: 'https://lab.example/files', base: '/srv/dav' },
  { title: 'the same host with a port', url: 'https://lab.example:8443', base: '' },
  { title: 'a sub-path on a port', url: 'https://lab.example:8443/nb', base: '' },
  { title: 'another port, the path kept', url: 'https://lab.example:9443/wiki', base: '/wiki' },
  { title: 'the portal’s host', url: 'https://gate.lab.example/nb', base: '' },
  { title: 'the portal’s host, the path kept', url: 'https://gate.lab.example/wiki', base: '/wiki' },
  { title: 'plain http on this machine', url: 'http://app.localhost:8080/nb', base: '' },
  { title: 'an address', url: 'https://[2001:db8::1]:8443/nb', base: '' },
  { title: 'a Unix socket, the path removed', url: 'https://sock.lab.example/nb', base: '', unix: true },
  { title: 'a Unix socket, the path kept', url: 'https://sock.lab.example/wiki', base: '/wiki', unix: true }
]

interface PlacedApp {
  readonly app: App
  readonly gate: Gate
  readonly up: Upstream
  /** The `Host` that the app gets. */
  readonly host: string
  /** The app's address of its own root: `http://10.0.0.1:8042/base`. */
  readonly inside: string
  readonly public: string
  readonly prefix: string
  readonly base: string
  readonly title: string
  /** Sets header lines of the app's next responses. */
  say(...lines: string[]): void
}

/** All places in one table, each with a separate upstream. */
async function placeApps(t: Test, preserveHost: boolean): Promise<PlacedApp[]> {
  const said: string[][] = places.map(() => [])
  const ups = await Promise.all(
    places.map((place, i) =>
      startUpstream(
        t,
        socket => {
          const lines = ['HTTP/1.1 200 OK', 'Content-Length: 0', ...(said[i] as string[])]
          socket.write(Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'))
        },
        { unix: place.unix === true }
      )
    )
  )
  const apps = places.map(({ url, base, unix }, i) => {
    const { origin, socketPath } = ups[i] as Upstream
    const upstream = unix === true ? `unix:${socketPath}:${base}` : origin + base
    return `  - { id: a${i}, url: "${url}", upstream: "${upstream}", preserveHost: ${preserveHost}, rules: [{ access: public }] }`
  })
  const loaded = parseConfig(
    `portal: { url: https://gate.lab.example }\ntrustedProxies: [10.0.0.1]\napps:\n${apps.join('\n')}\n`,
    'matrix.yaml'
  )
  if (loaded.kind === 'bad') throw new Error(loaded.problems.map(({ message }) => message).join('\n'))
  const { config } = loaded
  const portalOrigin = config.portal.url.origin
  const made = config.apps.map(app => toApp(app, portalOrigin, config.apps))
  const gate = await startGate(t, made, { portalOrigin })
  return places.map(({ title, url, base }, i) => {
    const [app, up] = [made[i] as App, ups[i] as Upstream]
    const host = preserveHost ? app.host : up.origin.slice('http://'.length)
    const say = (...lines: string[]) => {
      said[i] = lines
    }
    const names = { host, inside: `http://${host}${base}`, public: url, prefix: app.prefix, base }
    return { app, gate, up, title: `${title} (${preserveHost ? 'public' : 'own'} Host)`, say, ...names }
  })
}

function ask({ gate, app }: PlacedApp, path: string, lines: readonly string[], method = 'GET'): Promise<string> {
  return gate.ask(
    `${[`${method} ${path} HTTP/1.1`, `Host: ${app.host}`, 'Connection: close', ...lines].join('\r\n')}\r\n\r\n`
  )
}

for (const preserveHost of [true, false])
  t.test(`FIELD F4 to the app, with ${preserveHost ? 'the public' : 'its own'} Host`, async t => {
    for (const at of await placeApps(t, preserveHost)) {
      const { prefix, base, inside, up, title, app } = at
      const answer = await ask(at, `${prefix}/a%20b/c;d?e=${prefix}/f`, [])
      t.equal(parse(answer).status, 200, title)
      t.equal(up.requests.at(-1)?.line, `GET ${base}/a%20b/c;d?e=${prefix}/f HTTP/1.1`, `${title}: the path`)
      t.same(valuesOf(up.requests.at(-1)!, 'host'), [at.host], `${title}: Host`)
      t.same(valuesOf(up.requests.at(-1)!, 'x-forwarded-host'), [app.host])
      t.same(valuesOf(up.requests.at(-1)!, 'x-forwarded-prefix'), prefix === '' ? [] : [prefix])

      // What names the app as it is outside, and what it must hear.
      const page = `${at.public}/x/y%2F?q=1`
      const own = `${inside}/x/y%2F?q=1`
      const origin = preserveHost ? app.origin : `http://${at.host}`
      const told = preserveHost ? page : own
      const table: [name: string, sent: string, heard: string][] = [
        ['Origin', app.origin, origin],
        ['Referer', page, told],
        ['Content-Location', page, told],
        ['HX-Current-URL', page, told],
        ['Ping-From', page, told],
        ['Ping-To', page, told],
        // These name a resource, so the path that is taken off must go, whatever the Host.
        ['Destination', page, own],
        ['Destination', `${prefix}/x`, `${base}/x`],
        ['If', `<${page}> (<urn:x>)`, `<${own}> (<urn:x>)`],
        ['X-SVN-VR-Base', `${prefix}/x`, `${base}/x`],
        ['Upload-Concat', `final;${prefix}/x ${page}`, `final;${base}/x ${own}`],
        ['Origin', 'null', 'null'],
        ['Origin', 'https://evil.example', 'https://evil.example'],
        ['Referer', `https://evil.example/?${at.public}`, `https://evil.example/?${at.public}`]
      ]
      // Pages of the other sites on this machine are foreign.
      for (const other of ['https://lab.example:7443', 'http://one.lab.example', 'https://lab.example.evil.example'])
        if (other !== app.origin) table.push(['Origin', other, other], ['Referer', `${other}/nb/x`, `${other}/nb/x`])
      for (const [name, sent, heard] of table) {
        await ask(at, `${prefix}/x`, [`${name}: ${sent}`], 'MOVE')
        t.same(valuesOf(up.requests.at(-1)!, name), [heard], `${title}: ${name}: ${sent}`)
      }
    }
  })

for (const preserveHost of [true, false])
  t.test(`FIELD F4 from the app, with ${preserveHost ? 'the public' : 'its own'} Host`, async t => {
    for (const at of await placeApps(t, preserveHost)) {
      const { prefix, base, inside, title, app } = at
      const out = at.public
      const [ws, wsOut] = [inside.replace('http', 'ws'), app.origin.replace('http', 'ws') + prefix]
      const path = `${prefix}/x`
      const pairs: [said: string, heard: string][] = [
        [`${base}/x?y#z`, `${path}?y#z`],
        [`${inside}/x?y#z`, `${out}/x?y#z`],
        [`${inside.replace('http:', 'HTTP:')}/x`, `${out}/x`],
        [`//${inside.slice('http://'.length)}/x`, `${out}/x`],
        [`https://${app.host}${base}/x`, `${out}/x`],
        ['x/y', 'x/y'],
        ['?q', '?q'],
        ['../x', '../x'],
        ['', ''],
        ['https://idp.example/?back=/x', 'https://idp.example/?back=/x'],
        [`https://${at.host}.evil.example/x`, `https://${at.host}.evil.example/x`]
      ]
      // A neighbour is another site: the same name with another port that the gate serves.
      for (const { url } of places) {
        const other = new URL(url)
        const mine = new URL(app.origin)
        if (other.hostname === mine.hostname && other.host !== mine.host)
          pairs.push([`${other.origin}/x`, `${other.origin}/x`])
      }
      for (const [said, heard] of pairs) {
        const names = ['Location', 'Content-Location', 'SourceMap', 'HX-Redirect', 'HX-Location', 'Turbo-Location']
        at.say(
          ...names.map(name => `${name}: ${said}`),
          `Refresh: 3; url=${said}`,
          `Link: <${said}>; rel=next`,
          `X-Other: ${said}`
        )
        const answer = await ask(at, `${prefix}/`, [])
        for (const name of names) t.same(header(answer, name), [heard], `${title}: ${name}: ${said}`)
        t.same(header(answer, 'refresh'), [`3; url=${heard}`.trim()], `${title}: Refresh`)
        t.same(header(answer, 'link'), [`<${heard}>; rel=next`], `${title}: Link`)
        t.same(header(answer, 'x-other'), [said])
      }
      const root = app.prefix === '' ? '/' : prefix
      const lines: [name: string, said: string, heard: string | null][] = [
        ['Access-Control-Allow-Origin', `http://${at.host}`, app.origin],
        ['Timing-Allow-Origin', `https://x.example, http://${at.host}`, `https://x.example, ${app.origin}`],
        [
          'Content-Security-Policy',
          `connect-src 'self' ${ws}/ws https://x.example; img-src ${inside}/i/; report-uri ${base}/csp`,
          `connect-src 'self' ${wsOut}/ws https://x.example; img-src ${out}/i/; report-uri ${prefix}/csp`
        ],
        ['Reporting-Endpoints', `a="${base}/r", b="${inside}/r"`, `a="${prefix}/r", b="${out}/r"`],
        ['Report-To', `{"endpoints":[{"url":"${inside}/r"}]}`, `{"endpoints":[{"url":"${out}/r"}]}`],
        ['Speculation-Rules', `"${base}/rules.json"`, `"${prefix}/rules.json"`],
        ['HX-Location', `{"path":"${base}/x", "target":"#t"}`, `{"path":"${prefix}/x", "target":"#t"}`],
        [
          'Link',
          `<${base}/a.png>; rel=preload; as=image; imagesrcset="${base}/a.png 1x, ${inside}/b.png 2x, https://x.example/c 3x", <>; rel=up; anchor="${base}/#x"`,
          `<${prefix}/a.png>; rel=preload; as=image; imagesrcset="${prefix}/a.png 1x, ${out}/b.png 2x, https://x.example/c 3x", <>; rel=up; anchor="${prefix}/#x"`
        ],
        ['Service-Worker-Allowed', `${base}/`, app.sharesPortal ? null : `${prefix}/`],
        ['Set-Cookie', `a=1; Path=${base}/x/`, `a=1; Path=${prefix}/x/`],
        ['Set-Cookie', `a=1; Path=${base === '' ? '/' : base}; HttpOnly`, `a=1; Path=${root}; HttpOnly`],
        ['Set-Cookie', `a=/x; SameSite=Lax`, `a=/x; SameSite=Lax`]
      ]
      for (const [name, said, heard] of lines) {
        at.say(`${name}: ${said}`)
        t.same(
          header(await ask(at, `${prefix}/`, []), name),
          heard === null ? [] : [heard],
          `${title}: ${name}: ${said}`
        )
      }
    }
  })

t.test('FIELD F22 another site of the gate on the name that an app is told is no address of that app', async t => {
  const loaded = parseConfig(
    `portal: { url: https://gate.lab.example }
trustedProxies: [10.0.0.1]
apps:
  - { id: a, url: "https://a.example", upstream: "http://10.0.0.2:9443", addHeaders: { X-Forwarded-Host: b.example } }
  - { id: b, url: "https://b.example:9443", upstream: "http://127.0.0.1:1" }
`,
    'told.yaml'
  )
  if (loaded.kind === 'bad') throw new Error(loaded.problems.map(({ message }) => message).join('\n'))
  const { config } = loaded
  const app = toApp(config.apps[0]!, config.portal.url.origin, config.apps)
  const mapping = urlMappingOf(app, app.upstreams[0]!, app.host)
  t.equal(toPublicLocation('https://b.example/cb?code=1', mapping), 'https://a.example/cb?code=1', 'what it is told')
  const other = 'https://b.example:9443/cb?code=1'
  t.equal(toPublicLocation(other, mapping), other)
})
