/** THREATS P1 to P3, P5, P7, P12 to P14 and P17, about spellings: a path is judged as everything it could be read as. */
import { head, type Lab, refused } from '../../fixtures/in-process/wire.ts'
import type { Row } from '../table.ts'
import type { Judge } from './paths-judge.ts'

/** Ways to write `..` and `/` that some server undoes. */
export const dots = [
  ...['..', '%2e%2e', '%2E%2e', '.%2e', '%2e.', '%252e%252e', '%25252e%25252e', '..;', '..;x=1', '%c0%ae%c0%ae'],
  ...['%c0%2e%c0%2e', '%e0%80%ae%e0%80%ae', '%u002e%u002e', '%%32%65%%32%65', '%ef%bc%8e%ef%bc%8e', '..%20', '..%ff'],
  ...['%25c0%25ae%25c0%25ae', '%f0%80%80%ae%f0%80%80%ae', '%fc%80%80%80%80%ae%fc%80%80%80%80%ae', '..%00', '..%0d']
]
const slashes = [
  ...['/', '\\', '%2f', '%2F', '%5c', '%252f', '%255c', '%c0%af', '%c1%9c', '%c0%2f', '%c0%5c', '%c0%qf', '%c1%pc'],
  ...['%u002f', '%u2215', '%u2216', '%ef%bc%8f', '//', '/./', '%%32%66', '%e0%80%af', '\\/', '/;/']
]

export function spellingRows(lab: Lab, judge: Judge): Row[] {
  const shared = `shared.localhost:${lab.port}`

  return [
    {
      id: 'P1',
      refs: 'CVE-2026-41059 GHSA-pxq7-h93f-9jrg (oauth2-proxy), CVE-2023-47106 GHSA-fvhj-4qfh-q2hm (Traefik)',
      tried: 'a fragment, raw and encoded, that makes an admin path look public',
      safe: 'raw # is 400; encoded is judged as /admin',
      run: async t => {
        await judge.areRefused(t, ['/admin#/public', '/public#/../admin', '/public/a#', '/#/admin', '/public/a?x#y'])
        await judge.isAdmin(t, ['/admin%23/public', '/admin/x%23', '/admin%2523/public', '/public%23/../admin'])
      }
    },
    {
      id: 'P2',
      refs: 'CVE-2025-54576 GHSA-7rh7-c77v-6434 (oauth2-proxy)',
      tried: 'a public path in the query',
      safe: 'the query takes no part',
      run: t =>
        judge.isAdmin(t, [
          '/admin?x=/public/',
          '/admin?/health',
          '/admin?/../public/a',
          '/admin/?/public/',
          '/admin%3F/public/'
        ])
    },
    {
      id: 'P3',
      refs: 'CVE-2026-33494 GHSA-p224-6x5r-fjpm (Oathkeeper), CVE-2026-42274 (Heimdall)',
      tried: 'traversal out of a public path, plain, encoded, with `;` and with backslashes',
      safe: 'judged as /admin; whoever may go there goes with the very bytes',
      run: t =>
        judge.isAdmin(t, [
          ...['/public/../admin', '/public/%2e%2e/admin', '/public/%2e%2e%2fadmin', '/public/..;/admin'],
          ...['/public/.%2e/admin', '/public/x/..%5c..%5cadmin', '/public/%252e%252e/admin', '/public/a/../../admin/x'],
          ...['/public\\..\\admin', '/public/..\\admin/x', '/public//../admin', '/public/;/../../admin']
        ])
    },
    {
      id: 'P5',
      refs: 'GHSA-2q7r-29rg-6m5h (reply-from)',
      tried: 'encoded `..`; and `/a/.../b`',
      safe: 'judged by its strictest reading (400 from inside a sub-path app); a name of three dots works',
      run: async t => {
        await judge.isAdmin(t, [
          '/a/%2e%2e/admin',
          '/a/%2E./admin',
          '/a/..%2fadmin',
          '/admin/.../b',
          '/a/.../../../admin'
        ])
        await judge.arrive(t, ['/a/.../b', '/a/%2e%2e/b', '/a/%2E./b', '/a/..%2fb', '/a/..b', '/a/b..c/d'])
        await judge.areRefused(t, ['/app1/%2e%2e/b', '/app1/%2E./b', '/app1/..%2fb'], [400], shared)
      }
    },
    {
      id: 'P7',
      refs: 'GHSA-cxrg-g7r8-w69p, CVE-2026-2880, CVE-2026-33804, CVE-2026-14198 (@fastify/middie)',
      tried: 'spellings by which a path-scoped check is missed',
      safe: 'there is no path-scoped check: judged as /admin',
      run: async t => {
        await judge.isAdmin(t, [
          '/%61dmin',
          '//admin',
          '/admin;x=1',
          '/admin/',
          '/ADMIN',
          '/admin%2fx',
          '/admin%2Fx',
          '/%61%64%6d%69%6e/'
        ])
        await judge.isAdmin(t, ['/admin/%zz', '/public/../admin/%zz', '///admin///x', '/admin%20', '/admin.'])
        await judge.arrive(t, ['/a%zz', '/%', '/a%2', '/admin-%'])
      }
    },
    {
      id: 'P12',
      refs: 'CVE-2026-0976 (Keycloak)',
      tried: 'matrix parameters that hide a segment',
      safe: 'judged as /admin',
      run: t =>
        judge.isAdmin(t, [
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
        await judge.isAdmin(t, [
          '//admin',
          '/%C0%AFadmin',
          '/./admin',
          '/%u002fadmin',
          '/public/%c0%ae%c0%ae/admin',
          '/%2fadmin',
          '/.//admin'
        ])
        await judge.arrive(t, ['/a//b', '/caf%E9', '/caf%C3%A9', '/a/./b', '/a%20b', '//x', '/a;b/c', '/x%u00e9'])
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
        await judge.areRefused(
          t,
          encoded.flatMap(bytes => [`/admin${bytes}.png`, `/public/a${bytes}`])
        )
        await judge.areRefused(t, ['/public/a\x00', '/public/a\x7f', '/public/\x01b', '/public/a\tb', '/public/a\x0bb'])
        await lab.nothingUpstream(t, async () => {
          for (const byte of ['\x00', '\x01', '\x0b', '\x7f']) {
            const reply = await judge.replyTo(head(`app.localhost${byte}.evil:${lab.port}`, '/public/a', [lab.alice]))
            refused(t, reply, [400, 421], `Host with ${byte.charCodeAt(0)}`)
          }
        })
      }
    }
  ]
}
