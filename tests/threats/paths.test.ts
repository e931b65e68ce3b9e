/** A2: one path, many spellings; one host, many names. What the gate judges is what the app is asked, byte for byte. */
import { readFileSync } from 'node:fs'
import { METHODS } from 'node:http'
import t, { type Test } from 'tap'
import { valuesOf } from '../helpers/upstream.ts'
import { type Row, tryAll } from './table.ts'
import { head, Lab, Line, readReplies, refused, turnedAway, values } from './wire.ts'

const apps = `
  - id: app
    url: "http://app.localhost:PORT"
    upstream: "UP"
    rules:
      - { path: /public/**, access: public }
      - { path: /admin/**, groups: [operators], access: mfa }
      - { path: /admin/**, access: deny }
      - { access: mfa }
  - { id: one, url: "http://shared.localhost:PORT/app1", upstream: "UP", rules: [{ access: public }] }
  - { id: two, url: "http://shared.localhost:PORT/app2", upstream: "OTHER" }
  - { id: secure, url: "https://secure.lab.example", upstream: "OTHER" }
  - id: listed
    url: "http://listed.localhost:PORT"
    upstream: "OTHER"
    rules: [{ path: /known/**, access: mfa }]
  - id: exact
    url: "http://exact.localhost:PORT"
    upstream: "OTHER"
    caseSensitive: true
    rules: [{ path: /public/**, access: public }]`

/** Ways to write `..` and `/` that some server undoes. */
const dots = [
  ...['..', '%2e%2e', '%2E%2e', '.%2e', '%2e.', '%252e%252e', '%25252e%25252e', '..;', '..;x=1', '%c0%ae%c0%ae'],
  ...['%c0%2e%c0%2e', '%e0%80%ae%e0%80%ae', '%u002e%u002e', '%%32%65%%32%65', '%ef%bc%8e%ef%bc%8e', '..%20', '..%ff'],
  ...['%25c0%25ae%25c0%25ae', '%f0%80%80%ae%f0%80%80%ae', '%fc%80%80%80%80%ae%fc%80%80%80%80%ae', '..%00', '..%0d']
]
const slashes = [
  ...['/', '\\', '%2f', '%2F', '%5c', '%252f', '%255c', '%c0%af', '%c1%9c', '%c0%2f', '%c0%5c', '%c0%qf', '%c1%pc'],
  ...['%u002f', '%u2215', '%u2216', '%ef%bc%8f', '//', '/./', '%%32%66', '%e0%80%af', '\\/', '/;/']
]

t.test('paths', async t => {
  const lab = await Lab.start(t, { apps })
  const olga = await lab.cookieOf('olga', ['operators'])
  const portal = new URL(lab.gate.portal).host
  const shared = `shared.localhost:${lab.port}`

  /** Nobody gets there, nor does alice, who is no operator; olga does, and the app gets the very bytes. */
  const isJudgedAsAdmin = async (t: Test, targets: readonly string[], { orRefused = false } = {}) => {
    const isRefused = new Set<string>()
    await lab.nothingUpstream(t, async () => {
      for (const target of targets) {
        const stranger = await lab.ask(target)
        if (stranger.status === 400 && orRefused) isRefused.add(target)
        else turnedAway(t, lab, stranger, `${target} by a stranger`)
        const known = await lab.ask(target, [lab.alice])
        refused(t, known, isRefused.has(target) ? [400] : [403], `${target} by alice`)
      }
    })
    for (const target of targets.filter(target => !isRefused.has(target))) {
      const seen = await lab.seen(() => lab.ask(target, [olga]))
      t.equal(seen.line, `GET ${target} HTTP/1.1`, `${target} by olga`)
    }
  }
  const areRefused = (t: Test, targets: readonly string[], statuses = [400], host = lab.host) =>
    lab.nothingUpstream(t, async () => {
      for (const target of targets)
        for (const lines of [[], [lab.alice], [olga]])
          refused(t, (await replyTo(head(host, target, lines)))!, statuses, target)
    })
  const replyTo = async (bytes: string) => readReplies(await lab.raw(bytes))[0]
  const arrive = async (t: Test, targets: readonly string[]) => {
    for (const target of targets) {
      const seen = await lab.seen(() => lab.ask(target, [lab.alice]))
      t.equal(seen.line, `GET ${target} HTTP/1.1`, 'arrives as it was sent')
    }
  }

  const rows: Row[] = [
    {
      id: 'P1',
      refs: 'CVE-2026-41059 GHSA-pxq7-h93f-9jrg (oauth2-proxy), CVE-2023-47106 GHSA-fvhj-4qfh-q2hm (Traefik)',
      tried: 'a fragment, raw and encoded, that makes an admin path look public',
      safe: 'raw # is 400; encoded is judged as /admin',
      run: async t => {
        await areRefused(t, ['/admin#/public', '/public#/../admin', '/public/a#', '/#/admin', '/public/a?x#y'])
        await isJudgedAsAdmin(t, ['/admin%23/public', '/admin/x%23', '/admin%2523/public', '/public%23/../admin'])
      }
    },
    {
      id: 'P2',
      refs: 'CVE-2025-54576 GHSA-7rh7-c77v-6434 (oauth2-proxy)',
      tried: 'a public path in the query',
      safe: 'the query takes no part',
      run: t =>
        isJudgedAsAdmin(t, [
          '/admin?x=/public/',
          '/admin?/health',
          '/admin?/../public/a',
          '/admin/?/public/',
          '/admin%3F/public/'
        ])
    },
    {
      id: 'P3',
      refs: 'CVE-2021-32701, CVE-2026-33494 GHSA-p224-6x5r-fjpm (Oathkeeper), CVE-2026-42274 (Heimdall)',
      tried: 'traversal out of a public path, plain, encoded, with `;` and with backslashes',
      safe: 'judged as /admin; whoever may go there goes with the very bytes',
      run: t =>
        isJudgedAsAdmin(t, [
          ...['/public/../admin', '/public/%2e%2e/admin', '/public/%2e%2e%2fadmin', '/public/..;/admin'],
          ...['/public/.%2e/admin', '/public/x/..%5c..%5cadmin', '/public/%252e%252e/admin', '/public/a/../../admin/x'],
          ...['/public\\..\\admin', '/public/..\\admin/x', '/public//../admin', '/public/;/../../admin']
        ])
    },
    {
      id: 'P4',
      refs: 'CVE-2025-66490 GHSA-gm3x-23wp-hc2c, CVE-2025-32431, CVE-2025-47952, CVE-2026-40912, CVE-2026-48020, CVE-2026-65600, CVE-2026-67309 (Traefik)',
      tried: 'out of a public sub-path app into its neighbour on the same host',
      safe: '400, nothing upstream: neither app is asked',
      run: async t => {
        const ways = dots.flatMap(dot => ['/', '%2f', '\\', '//'].map(slash => `/app1/${dot}${slash}app2/secret`))
        ways.push(
          '/app1%2f..%2fapp2',
          '/app1//..//app2',
          '/app1/x/../../app2',
          '/app1/./../app2/',
          '/app1/..',
          '/app1/../'
        )
        ways.push('/app1;/../app2', '/APP2/secret', '/app1/../.factorgate/login', '/%61pp2/secret', '/app1\\..\\app2')
        await lab.nothingUpstream(t, async () => {
          for (const way of ways) refused(t, await lab.ask(way, [], { host: shared }), [400], way)
        })
        const inside = await lab.seen(() => lab.ask('/app1/x/../y', [], { host: shared }))
        t.equal(inside.line, 'GET /x/../y HTTP/1.1', 'what stays inside goes through')
      }
    },
    {
      id: 'P5',
      refs: 'GHSA-2q7r-29rg-6m5h (reply-from)',
      tried: 'encoded `..`; and `/a/.../b`',
      safe: 'judged by its strictest reading (400 from inside a sub-path app); a name of three dots works',
      run: async t => {
        await isJudgedAsAdmin(t, [
          '/a/%2e%2e/admin',
          '/a/%2E./admin',
          '/a/..%2fadmin',
          '/admin/.../b',
          '/a/.../../../admin'
        ])
        await arrive(t, ['/a/.../b', '/a/%2e%2e/b', '/a/%2E./b', '/a/..%2fb', '/a/..b', '/a/b..c/d'])
        await areRefused(t, ['/app1/%2e%2e/b', '/app1/%2E./b', '/app1/..%2fb'], [400], shared)
      }
    },
    {
      id: 'P6',
      refs: 'CVE-2021-21321 GHSA-qmw8-3v4g-gwj4, CVE-2021-21322 GHSA-c4qr-gmr9-v23w (http-proxy)',
      tried: 'a WebSocket off the mount; `@host` and whole URLs behind the prefix',
      safe: '404; the app’s address is the configured one',
      run: async t => {
        const upgrade = [
          'Connection: Upgrade',
          'Upgrade: websocket',
          'Sec-WebSocket-Version: 13',
          `Sec-WebSocket-Key: ${'A'.repeat(22)}==`
        ]
        await lab.nothingUpstream(t, async () => {
          for (const target of ['/elsewhere', '/', '/app', '/app10', '/app1@evil.test/', '/app1:80/', '/app1.evil/x']) {
            refused(t, await lab.ask(target, [], { host: shared }), [404], target)
            refused(t, (await replyTo(head(shared, target, upgrade, { keep: true })))!, [404], `socket ${target}`)
          }
          refused(
            t,
            (await replyTo(head(shared, '/app1/../app2', upgrade, { keep: true })))!,
            [400],
            'socket out of the mount'
          )
        })
        for (const [target, inside] of [
          ['/app1/http://evil.test/', '/http://evil.test/'],
          ['/app1/@evil.test/', '/@evil.test/'],
          ['/app1/:81/', '/:81/'],
          ['/app1//evil.test/x', '//evil.test/x']
        ] as const) {
          const seen = await lab.seen(() => lab.ask(target, [], { host: shared }))
          t.equal(seen.line, `GET ${inside} HTTP/1.1`)
          t.same(valuesOf(seen, 'host'), [shared])
        }
      }
    },
    {
      id: 'P7',
      refs: 'GHSA-cxrg-g7r8-w69p, CVE-2026-2880, CVE-2026-33804, CVE-2026-14198 (@fastify/middie)',
      tried: 'spellings by which a path-scoped check is missed',
      safe: 'there is no path-scoped check: judged as /admin',
      run: async t => {
        await isJudgedAsAdmin(t, [
          '/%61dmin',
          '//admin',
          '/admin;x=1',
          '/admin/',
          '/ADMIN',
          '/admin%2fx',
          '/admin%2Fx',
          '/%61%64%6d%69%6e/'
        ])
        await isJudgedAsAdmin(t, [
          '/admin/%zz',
          '/admin%',
          '/public/../admin/%zz',
          '///admin///x',
          '/admin%20',
          '/admin.'
        ])
        await arrive(t, ['/a%zz', '/%', '/a%2', '/admin%'])
      }
    },
    {
      id: 'P8',
      refs: 'CVE-2026-22037, CVE-2026-33807, CVE-2026-33808, CVE-2026-6556 (@fastify/express)',
      tried: 'middleware packages in the lock file',
      safe: 'neither is there',
      run: async t => {
        const lock = JSON.parse(readFileSync(new URL('../../package-lock.json', import.meta.url), 'utf8'))
        const names = Object.keys(lock.packages)
        t.ok(names.includes('node_modules/fastify'), 'the lock file is read')
        t.same(
          names.filter(name => /@fastify\/(?:middie|express|static)$|(?:^|\/)(?:express|connect)$/.test(name)),
          []
        )
      }
    },
    {
      id: 'P9',
      refs: 'CVE-2026-6414 GHSA-x428-ghpx-8j92 (@fastify/static)',
      tried: 'out of the assets’ folder',
      safe: '404 or 400; assets come from memory, there is no folder',
      run: t =>
        lab.nothingUpstream(t, async () => {
          const ways = [
            '%2f..%2f..%2fpackage.json',
            '/..%2f..%2fpackage.json',
            '/%2e%2e/',
            '/../',
            '/..%5cx',
            '/page.css%00'
          ]
          ways.push(
            '/..;/..;/package.json',
            '//etc/passwd',
            '/.%2e/%2e./package.json',
            '/page.js/../../../package.json',
            '/x'
          )
          for (const host of [portal, lab.host])
            for (const way of ways) {
              const reply = await lab.ask(`/.factorgate/assets${way}`, [], { host })
              refused(t, reply, [400, 404], way)
              t.notMatch(reply.body, /"dependencies"|root:|import /, way)
            }
        })
    },
    {
      id: 'P10',
      refs: 'CVE-2026-27587, CVE-2026-27588 (Caddy), CVE-2026-48794 (Authelia)',
      tried: 'letter case of path and host; trailing dot, sub-domain, port',
      safe: 'host in lower case, exact; path case is one more reading, or told apart where the app says so',
      run: async t => {
        await isJudgedAsAdmin(t, ['/ADMIN', '/%41dmin', '/aDmIn/x', '/Public/../Admin', '/%50ublic/..%2f%41DMIN'])
        await lab.nothingUpstream(t, async () => {
          turnedAway(t, lab, await lab.ask('/PUBLIC/a'), 'a public path in other letters')
          turnedAway(t, lab, await lab.ask('/x', [], { host: `APP.LocalHost:${lab.port}` }), 'the same host')
          for (const host of ['SECURE.lab.example', 'secure.lab.example:443', 'Secure.Lab.Example:443'])
            turnedAway(t, lab, await lab.ask('/x', [], { host }), host)
          const exact = `exact.localhost:${lab.port}`
          turnedAway(t, lab, await lab.ask('/Public/x', [], { host: exact }), 'told apart')
          const others = [
            `a.app.localhost:${lab.port}`,
            'app.localhost',
            `app.localhost:${lab.port}1`,
            'secure.lab.example:80'
          ]
          others.push('secure.lab.example:0443', `app.localhost@evil:${lab.port}`, `x@app.localhost:${lab.port}`)
          others.push(
            `app%2elocalhost:${lab.port}`,
            `app.localhost:${lab.port},x`,
            `\u00e4pp.localhost:${lab.port}`,
            '',
            '127.0.0.1'
          )
          for (const host of others)
            refused(t, await lab.ask('/public/a', [lab.alice], { host }), [400, 421], `Host: ${host}`)
        })
        const upper = await lab.seen(() => lab.ask('/x', [lab.alice], { host: `App.Localhost:${lab.port}` }))
        t.same(valuesOf(upper, 'host'), [lab.host], 'the app hears the configured name')
      }
    },
    {
      id: 'P11',
      refs: 'CVE-2022-23632 (Traefik)',
      tried: 'the host with a trailing dot',
      safe: '421',
      run: t =>
        lab.nothingUpstream(t, async () => {
          for (const host of [
            `app.localhost.:${lab.port}`,
            'secure.lab.example.',
            'secure.lab.example.:443',
            '.',
            `.app.localhost:${lab.port}`
          ])
            for (const lines of [[], [lab.alice]]) refused(t, await lab.ask('/public/a', lines, { host }), [421], host)
        })
    },
    {
      id: 'P12',
      refs: 'CVE-2026-0976 (Keycloak)',
      tried: 'matrix parameters that hide a segment',
      safe: 'judged as /admin',
      run: t =>
        isJudgedAsAdmin(t, [
          '/admin;/',
          '/;/admin',
          '/admin;x/users',
          '/;x=1/admin',
          '/public;x/../admin',
          '/admin;/../public',
          '/public/..;x/admin'
        ])
    },
    {
      id: 'P13',
      refs: 'nginx auth_request',
      tried: 'doubled slashes, dots, overlong and %u escapes',
      safe: 'judged as /admin where they could be; the harmless arrive byte for byte (latin-1 names are no attack)',
      run: async t => {
        await isJudgedAsAdmin(t, [
          '//admin',
          '/%C0%AFadmin',
          '/./admin',
          '/%u002fadmin',
          '/public/%c0%ae%c0%ae/admin',
          '/%2fadmin',
          '/.//admin'
        ])
        await arrive(t, ['/a//b', '/caf%E9', '/caf%C3%A9', '/a/./b', '/a%20b', '//x', '/a;b/c', '/x%u00e9'])
      }
    },
    {
      id: 'P14',
      refs: 'traversal corpus',
      tried: `${dots.length} ways to write .. × ${slashes.length} ways to write /, as the rest of a public path`,
      safe: 'nobody gets an answer of the app; nothing upstream',
      run: t =>
        lab.nothingUpstream(t, async () => {
          const statuses = new Map<number, number>()
          for (const [i, dot] of dots.entries())
            for (const [j, slash] of slashes.entries()) {
              const depth = (i + j) % 4 === 0 ? 3 : 1
              const target = `/public/${'d/'.repeat(depth - 1)}${(dot + slash).repeat(depth)}admin`
              const { status, lines } = await lab.ask(target)
              statuses.set(status, (statuses.get(status) ?? 0) + 1)
              if (status !== 401 && status !== 400) t.fail(`${target}: ${status} ${lines.join(' · ')}`)
            }
          t.equal((statuses.get(401) ?? 0) + (statuses.get(400) ?? 0), dots.length * slashes.length)
        })
    },
    {
      id: 'P15',
      refs: '',
      tried: 'absolute-form, `*` and authority-form',
      safe: '400; CONNECT is closed; nothing upstream',
      run: t =>
        lab.nothingUpstream(t, async () => {
          const forms = [
            `http://${lab.host}/public/a`,
            'http://other.test/x',
            'https://secure.lab.example/',
            '*',
            'public/a',
            'app.localhost:80'
          ]
          for (const form of forms)
            for (const method of ['GET', 'OPTIONS', 'POST', 'PROPFIND']) {
              const reply = await replyTo(head(lab.host, form, [lab.alice], { method }))
              refused(t, reply!, [400], `${method} ${form}`)
            }
          for (const form of ['127.0.0.1:6379', `${lab.host}`, '/public/a']) {
            const line = new Line(lab.port)
            line.send(
              `CONNECT ${form} HTTP/1.1\r\nHost: ${lab.host}\r\n${lab.alice}\r\n\r\n${head(lab.host, '/', [lab.alice])}`
            )
            const answer = await line.closed()
            t.match(answer, /^(?:$|HTTP\/1\.1 400 )/, `CONNECT ${form}`)
          }
        })
    },
    {
      id: 'P16',
      refs: 'CVE-2018-21246 (Caddy), CVE-2026-48491, CVE-2026-53622 (Traefik), CVE-2026-48928 (Node)',
      tried: 'unknown hosts; the cookie of one host on another',
      safe: '421; a token is worth something on its own host alone (no policy hangs on SNI)',
      run: t =>
        lab.nothingUpstream(t, async () => {
          for (const host of ['evil.test', 'localhost', `127.0.0.1:${lab.port}`, `[::1]:${lab.port}`, 'lab.example'])
            refused(t, await lab.ask('/', [lab.alice], { host }), [421], host)
          turnedAway(t, lab, await lab.ask('/app2/x', [lab.alice], { host: shared }), 'another host')
          const token = lab.alice.slice('Cookie: factorgate='.length)
          const secure = await lab.ask('/x', [`Cookie: __Host-factorgate=${token}`], { host: 'secure.lab.example' })
          turnedAway(t, lab, secure, 'an https host')
          turnedAway(t, lab, await lab.ask('/.factorgate/account', [lab.alice], { host: portal }), 'the portal')
        })
    },
    {
      id: 'P17',
      refs: 'CVE-2026-48930 (Node)',
      tried: 'NUL, CR, LF and TAB, raw and in every encoding, in the path and the host',
      safe: '400',
      run: async t => {
        const encoded = [
          '%00',
          '%0d%0aX:%20y',
          '%0a',
          '%09',
          '%1f',
          '%7f',
          '%2500',
          '%25250d',
          '%u0000',
          '%c0%80',
          '%e0%80%8a'
        ]
        await areRefused(
          t,
          encoded.flatMap(bytes => [`/admin${bytes}.png`, `/public/a${bytes}`])
        )
        await areRefused(t, ['/public/a\x00', '/public/a\x7f', '/public/\x01b', '/public/a\tb', '/public/a\x0bb'])
        await lab.nothingUpstream(t, async () => {
          for (const byte of ['\x00', '\x01', '\x0b', '\x7f']) {
            const reply = await replyTo(head(`app.localhost${byte}.evil:${lab.port}`, '/public/a', [lab.alice]))
            refused(t, reply!, [400, 421], `Host with ${byte.charCodeAt(0)}`)
          }
        })
      }
    },
    {
      id: 'P18',
      refs: '',
      tried: 'paths and methods that nobody listed, on an app and on one whose rules name one path only',
      safe: 'strangers: 401 for all alike, before any routing; unlisted: refused even when signed in',
      run: async t => {
        const paths = [
          '/',
          '/x',
          '/admin',
          '/favicon.ico',
          '/.well-known/x',
          '/robots.txt',
          '/.git/config',
          '/index.php',
          '/api/v1?x=1'
        ]
        const methods = METHODS.filter(method => method !== 'CONNECT' && method !== 'TRACE')
        const listed = `listed.localhost:${lab.port}`
        const { cookies } = await lab.gate.signIn(await lab.gate.account('lena'), 'listed')
        await lab.nothingUpstream(t, async () => {
          const answers = new Set<string>()
          for (const [i, method] of [...paths.map(() => 'GET'), ...methods].entries()) {
            const reply = await lab.ask(paths[i % paths.length]!, [], { method })
            turnedAway(t, lab, reply, method)
            if (method === 'HEAD') continue
            answers.add(reply.body.replace(/rd=[^&"]*/, '').replace(/state=[\w-]{43}/, ''))
          }
          t.equal(answers.size, 1, 'the answer says nothing of what is there')
          for (const path of paths)
            refused(t, await lab.ask(path, [`Cookie: ${cookies.listed}`], { host: listed }), [403], path)
          for (const path of paths) refused(t, await lab.ask(path, [], { host: listed }), [401, 403], path)
          refused(t, await lab.ask('/', [lab.alice], { method: 'TRACE' }), [405], 'TRACE')
          refused(t, await lab.ask('/', [lab.alice], { method: 'MADEUP' }), [400], 'a made-up method')
        })
        t.same(values(await lab.ask('/known/x', [`Cookie: ${cookies.listed}`], { host: listed }), 'x-from-app'), [
          'yes'
        ])
      }
    }
  ]
  await tryAll(t, rows)
})
