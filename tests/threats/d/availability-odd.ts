/** THREATS D11 to D13: odd requests rather than big ones: long paths, content types from the prototype, keys like numbers. */
import { parse } from '../../fixtures/pipeline/forwarding.ts'
import { connect, formType, head, timed } from '../doors.ts'
import type { Row } from '../table.ts'
import { type Ground, served } from './siege.ts'

export function oddRows(ground: Ground): Row[] {
  const { gate, upstream, host, cookie, portalHost } = ground
  return [
    {
      id: 'D11',
      refs: 'CVE-2024-45813 CVE-2024-45296',
      tried: 'the longest paths of dashes, segments and near-misses of a rule, on our routes and on an app’s',
      safe: 'answered at once: our only parameter is one segment, and globs do not backtrack',
      async run(t) {
        const long = 15_000
        const paths = [
          '/.factorgate/'.padEnd(long, '-'),
          '/.factorgate/invite/'.padEnd(long, '-'),
          `/.factorgate/invite/${'a-'.repeat(long / 4)}!`,
          `/.factorgate${'/a'.repeat(long / 4)}`,
          `/${'-'.repeat(long)}`,
          '/a'.repeat(long / 2),
          `${'/a/b'.repeat(long / 8)}c`,
          '/%61'.repeat(long / 8),
          '/..;/'.repeat(long / 8)
        ]
        for (const [n, path] of paths.entries())
          for (const at of [host, portalHost]) {
            const client = await connect(t, gate)
            const ms = await timed(async () => {
              client.send(`${head('GET', path, at, [cookie, 'Connection: close'])}\r\n\r\n`)
              await client.rest()
            })
            t.ok(ms < 2_000, `path ${n} took ${ms.toFixed(1)} ms`)
          }
      }
    },
    {
      id: 'D12',
      refs: 'CVE-2022-39288 GHSA-455w-c45v-86rg CVE-2026-14198',
      tried: 'content types from the prototype, escapes that are none, by nobody and by somebody',
      safe: '4xx on our pages, 401 for nobody, byte for byte to the app for somebody; the process lives',
      async run(t) {
        for (const type of ['__proto__', 'constructor', 'toString', 'hasOwnProperty; a', ',', ';', '/', 'text/'])
          for (const asked of [
            '/.factorgate/login',
            '/.factorgate/webauthn/options?for=login',
            '/.factorgate/nowhere'
          ]) {
            const headers = { 'content-type': type, origin: gate.portal, cookie: ground.form.cookie }
            const { status } = await gate.request('POST', gate.portal + asked, headers, 'x')
            t.ok(status >= 400 && status < 500, `${type} ${asked}: ${status}`)
          }
        for (const asked of ['/%zz', '/%E0%A4%A', '/%', '/caf%E9', '/%00', '/.factorgate/%zz']) {
          const nobody = await connect(t, gate)
          const before = upstream.bytes().length
          nobody.send(`${head('GET', asked, host, ['Connection: close'])}\r\n\r\n`)
          const { status } = parse(await nobody.rest())
          t.ok(status >= 400 && status < 500, `nobody ${asked}: ${status}`)
          t.equal(upstream.bytes().length, before, 'nothing upstream')
          const somebody = await connect(t, gate)
          somebody.send(`${head('GET', asked, host, [cookie, 'Connection: close'])}\r\n\r\n`)
          const answer = parse(await somebody.rest())
          if (answer.status === 200) t.match(upstream.requests.at(-1)?.line, `GET ${asked} HTTP/1.1`)
          else t.ok(answer.status >= 400 && answer.status < 500, `somebody ${asked}: ${answer.status}`)
        }
        await served(t, ground)
      }
    },
    {
      id: 'D13',
      refs: 'CVE-2026-21717',
      tried: 'JSON and forms of 10^5 keys like numbers, and of as many as fit into 16 KiB',
      safe: '413, or refused without delay',
      async run(t) {
        // Multiples of a power of two meet in V8's table of integer-like keys.
        const keys = (count: number) => Array.from({ length: count }, (_, n) => String(n * 1_048_576))
        const json = (count: number) =>
          `{${keys(count)
            .map(key => `"${key}":1`)
            .join(',')}}`
        const form = (count: number) =>
          keys(count)
            .map(key => `${key}=1`)
            .join('&')
        for (const [asked, type, make, fits] of [
          ['/.factorgate/webauthn/verify?for=login', 'application/json', json, 1_000],
          ['/.factorgate/login', formType, form, 1_100]
        ] as const)
          for (const count of [100_000, fits]) {
            const body = make(count)
            t.equal(body.length > 16_384, count === 100_000, `${body.length} bytes`)
            const headers = { 'content-type': type, origin: gate.portal, cookie: ground.form.cookie }
            const ms = await timed(async () => {
              const { status } = await gate.request('POST', gate.portal + asked, headers, body)
              t.ok(count === 100_000 ? status === 413 : status === 400 || status === 403, `${count} keys: ${status}`)
            })
            t.ok(ms < 2_000, `${ms.toFixed(1)} ms`)
          }
      }
    }
  ]
}
