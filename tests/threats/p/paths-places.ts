/**
 * THREATS P4, P6, P8 to P11, P15, P16 and P18, about places: the app, the host, the form of a target; and the refusal of everything
 * unlisted.
 */
import { readFileSync } from 'node:fs'
import { METHODS } from 'node:http'
import { valuesOf, webSocketLines } from '../../fixtures/in-process/upstream.ts'
import { head, type Lab, Line, refused, turnedAway, values } from '../../fixtures/in-process/wire.ts'
import type { Row } from '../table.ts'
import type { Judge } from './paths-judge.ts'
import { dots } from './paths-spellings.ts'

export function placeRows(lab: Lab, judge: Judge): Row[] {
  const portal = new URL(lab.gate.portal).host
  const shared = `shared.localhost:${lab.port}`

  return [
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
      id: 'P6',
      refs: 'CVE-2021-21321 GHSA-qmw8-3v4g-gwj4, CVE-2021-21322 GHSA-c4qr-gmr9-v23w (http-proxy)',
      tried: 'a WebSocket off the mount; `@host` and whole URLs behind the prefix',
      safe: '404; the app’s address is the configured one',
      run: async t => {
        await lab.nothingUpstream(t, async () => {
          for (const target of ['/elsewhere', '/', '/app', '/app10', '/app1@evil.test/', '/app1:80/', '/app1.evil/x']) {
            refused(t, await lab.ask(target, [], { host: shared }), [404], target)
            refused(
              t,
              await judge.replyTo(head(shared, target, webSocketLines, { keep: true })),
              [404],
              `socket ${target}`
            )
          }
          refused(
            t,
            await judge.replyTo(head(shared, '/app1/../app2', webSocketLines, { keep: true })),
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
      id: 'P8',
      refs: 'CVE-2026-22037, CVE-2026-33807, CVE-2026-33808, CVE-2026-6556 (@fastify/express)',
      tried: 'middleware packages in the lock file',
      safe: 'neither is there',
      run: async t => {
        const lock = JSON.parse(readFileSync(new URL('../../../package-lock.json', import.meta.url), 'utf8'))
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
        await judge.isAdmin(t, ['/ADMIN', '/%41dmin', '/aDmIn/x', '/Public/../Admin', '/%50ublic/..%2f%41DMIN'])
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
              const reply = await judge.replyTo(head(lab.host, form, [lab.alice], { method }))
              refused(t, reply, [400], `${method} ${form}`)
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
}
