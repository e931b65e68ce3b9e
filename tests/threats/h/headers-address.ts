/** THREATS H7 to H14, H18 and H28: a client that claims an address, a scheme or a request. */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { read, said } from '../../config/read.ts'
import { formsOf, Person } from '../../fixtures/in-process/person.ts'
import { head, type Lab, navigating, refused, turnedAway, values } from '../../fixtures/in-process/wire.ts'
import type { Row } from '../table.ts'
import { forwardingNames } from './claims.ts'
import { saidAs } from './headers-identity.ts'

/** Listed in `trustedProxies` of the lab; 127.0.0.1 is not. */
export const trustedProxy = '127.0.0.2'
/** Listed in `listen.proxyProtocol` of the lab. */
export const balancer = '127.0.0.3'
const secureHost = 'secure.lab.example'

export function addressRows(lab: Lab): Row[] {
  /** Not signed in, on the admin page: refused, with the same answer as without `lines`. */
  const asWithout = async (t: Parameters<typeof turnedAway>[0], lines: readonly string[], what: string) => {
    const plain = await lab.ask('/admin/x')
    const reply = await lab.ask('/admin/x', lines)
    turnedAway(t, lab, reply, what)
    // The state is that of a nonce made for each who comes without one.
    const steady = ({ body }: { body: string }) => body.replace(/state=[\w-]{43}/, 'state=S')
    t.equal(steady(reply), steady(plain), `${what}: the same answer`)
  }

  return [
    {
      id: 'H7',
      refs: 'CVE-2026-54764 GHSA-3q9r-p662-5j8m (Traefik)',
      tried: 'X-Forwarded-Proto: http, X-Forwarded-Port: 80 from anybody, on an https app',
      safe: 'addresses stay https, the cookie Secure and __Host-',
      run: async t => {
        const lies = [
          'X-Forwarded-Proto: http',
          'X-Forwarded-Port: 80',
          'X-Forwarded-Ssl: off',
          'Forwarded: proto=http'
        ]
        await lab.nothingUpstream(t, async () => {
          for (const from of ['127.0.0.1', trustedProxy])
            for (const lines of [[], lies]) {
              const reply = await lab.ask('/private', [...navigating, ...lines], { host: secureHost, from })
              turnedAway(t, lab, reply, 'https')
              const location = new URL(values(reply, 'location')[0]!)
              t.equal(location.searchParams.get('rd'), `https://${secureHost}/private`)
              const [cookie = ''] = values(reply, 'set-cookie')
              t.match(cookie, /^__Host-factorgate-nonce=[\w-]+; Path=\/; HttpOnly; SameSite=Lax; Secure$/)
            }
        })
      }
    },
    {
      id: 'H8',
      refs: 'CVE-2026-40575 GHSA-7x63-xv5r-3p2x (oauth2-proxy)',
      tried: 'a public path in X-Forwarded-Uri, X-Original-URL and their kin, from strangers and trusted proxies',
      safe: '401 as without them; nothing upstream',
      run: t =>
        lab.nothingUpstream(t, async () => {
          const names = forwardingNames.filter(name => /ur[il]$|path$|prefix$|method$|override$/i.test(name))
          t.ok(names.length >= 12)
          for (const name of names) await asWithout(t, [`${name}: /public/a`], name)
          for (const name of names)
            turnedAway(t, lab, await lab.ask('/admin/x', [`${name}: /public/a`], { from: trustedProxy }), name)
        })
    },
    {
      id: 'H9',
      refs: 'GHSA-5wcc-hf24-rf5h (authentik)',
      tried: 'one of the gate’s own open pages in X-Original-URI',
      safe: '401; nothing upstream',
      run: t =>
        lab.nothingUpstream(t, async () => {
          for (const own of ['/.factorgate/callback', '/.factorgate/login', '/.factorgate/assets/door.svg'])
            for (const name of ['X-Original-URI', 'X-Original-URL', 'X-Forwarded-Uri', 'X-Rewrite-URL'])
              await asWithout(t, [`${name}: ${own}`], `${name}: ${own}`)
        })
    },
    {
      id: 'H10',
      refs: 'CVE-2026-34457 GHSA-5hvv-m4w4-gf6v (oauth2-proxy)',
      tried: 'a health checker’s User-Agent; health paths on the public listener',
      safe: 'nobody is let in by it; health is on its own port alone',
      run: t =>
        lab.nothingUpstream(t, async () => {
          const agents = [
            'GoogleHC/1.0',
            'kube-probe/1.29',
            'ELB-HealthChecker/2.0',
            'Amazon-Route53-Health-Check-Service'
          ]
          for (const agent of agents) await asWithout(t, [`User-Agent: ${agent}`], agent)
          for (const health of ['/livez', '/readyz', '/metrics', '/healthz', '/ping']) {
            turnedAway(t, lab, await lab.ask(health, [`User-Agent: ${agents[0]}`]), health)
            const portal = await lab.ask(health, [], { host: new URL(lab.gate.portal).host })
            refused(t, portal, [404], `${health} at the portal`)
          }
        })
    },
    {
      id: 'H11',
      refs: 'CVE-2024-47070 (authentik)',
      tried: 'X-Forwarded-For that cannot be parsed, by login and on a protected page, from both sides of trust',
      safe: 'the result is the same as without it; no step is left out, no 500',
      run: async t => {
        const { runtime } = lab.gate.server
        const garbage = [null, 'a', ',,', 'unknown', '[::1', '1.1.1.1:x', '%00', 'x'.repeat(8192), '1,'.repeat(2000)]
        await lab.nothingUpstream(t, async () => {
          for (const value of garbage)
            for (const from of ['127.0.0.1', trustedProxy]) {
              const lines = value === null ? [] : [`X-Forwarded-For: ${value}`]
              turnedAway(t, lab, await lab.ask('/private', lines, { from }), `${value?.slice(0, 9)} from ${from}`)
            }
          const outcomes = new Set<string>()
          const logins = garbage.flatMap(value => ['127.0.0.1', trustedProxy].map(from => ({ value, from })))
          for (const [i, { value, from }] of logins.entries()) {
            // Each their own: a password alone counts as a guess until the second factor has been shown.
            const name = `hanna${i}`
            await runtime.local.setPassword((await lab.gate.account(name)).id, 'a long enough secret')
            const person = new Person(lab.port, from)
            const url = `${lab.gate.portal}/.factorgate/login`
            const [form] = formsOf((await person.request('GET', url)).body).filter(({ names }) =>
              names.includes('password')
            )
            const fields = { ...form!.hidden, username: name, password: 'a long enough secret' }
            const page = await person.request('POST', url, {
              headers: {
                'content-type': 'application/x-www-form-urlencoded',
                origin: lab.gate.portal,
                'sec-fetch-site': 'same-origin',
                ...(value === null ? {} : { 'x-forwarded-for': value })
              },
              body: new URLSearchParams(fields).toString()
            })
            outcomes.add(`${page.status} ${page.headers.location}`)
            const cookie = person.cookies(new URL(url).host)
            const inside = await lab.ask('/.factorgate/account', [`Cookie: ${cookie}`], {
              host: new URL(url).host,
              from
            })
            refused(t, inside, [401], 'the password alone')
            t.same(values(inside, 'factorgate-error'), ['second_factor_required'])
          }
          t.equal(outcomes.size, 1, [...outcomes].join(' · '))
          t.match([...outcomes][0], /^303 /)
        })
      }
    },
    {
      id: 'H12',
      refs: 'CVE-2023-36456 (authentik), CVE-2024-21494 GHSA-vj36-3ccr-6563, CVE-2023-50463, CVE-2026-46415 (Caddy plugins)',
      tried: 'X-Forwarded-For from anybody, and from a trusted proxy with a forged beginning',
      safe: 'untrusted: the socket’s address; trusted: the last hop that is not; in rules, throttle, journal and to the app',
      run: async t => {
        const insider = '10.1.2.3'
        await lab.nothingUpstream(t, async () => {
          for (const value of [insider, `${insider}, 127.0.0.1`, `127.0.0.1, ${insider}`, `[::ffff:${insider}]`])
            turnedAway(t, lab, await lab.ask('/inside/x', [`X-Forwarded-For: ${value}`]), `stranger says ${value}`)
          const forged = [`X-Forwarded-For: ${insider}, 198.51.100.9`]
          turnedAway(t, lab, await lab.ask('/inside/x', forged, { from: trustedProxy }), 'forged beginning')
          const two = [`X-Forwarded-For: ${insider}`, 'X-Forwarded-For: 198.51.100.9']
          turnedAway(t, lab, await lab.ask('/inside/x', two, { from: trustedProxy }), 'in two lines')
          const other = [`X-Real-IP: ${insider}`, `Forwarded: for=${insider}`, `True-Client-IP: ${insider}`]
          turnedAway(t, lab, await lab.ask('/inside/x', other, { from: trustedProxy }), 'other names')
        })
        const addressFor = async (lines: readonly string[], from: string, target = '/public/a') =>
          saidAs(await lab.seen(() => lab.ask(target, lines, { from })), 'x-forwarded-for')
        t.same(await addressFor([`X-Forwarded-For: 203.0.113.5, ${insider}`], trustedProxy, '/inside/x'), [insider])
        t.same(await addressFor(['X-Forwarded-For: 203.0.113.5, 198.51.100.9'], trustedProxy), ['198.51.100.9'])
        t.same(await addressFor([`X-Forwarded-For: 198.51.100.9, ${trustedProxy}`], trustedProxy), ['198.51.100.9'])
        t.same(await addressFor([`X-Forwarded-For: ${insider}`], '127.0.0.1'), ['127.0.0.1'])
        t.same(await addressFor([], trustedProxy), [trustedProxy])

        const { runtime } = lab.gate.server
        const url = `${lab.gate.portal}/.factorgate/login`
        const person = new Person(lab.port)
        const [form] = formsOf((await person.request('GET', url)).body).filter(({ names }) =>
          names.includes('password')
        )
        const failed = await person.request('POST', url, {
          headers: {
            'content-type': 'application/x-www-form-urlencoded',
            origin: lab.gate.portal,
            'x-forwarded-for': '203.0.113.77'
          },
          body: new URLSearchParams({ ...form!.hidden, username: 'nobody', password: 'wrong' }).toString()
        })
        t.equal(failed.status, 401)
        // The count itself: a reservation says nothing of the failures of an address, since neighbours share it.
        const failuresOf = async (address: string) =>
          JSON.parse((await runtime.store.get(`attempts:address:${address}`)) ?? '{"failures":0}').failures
        t.equal(await failuresOf('203.0.113.77'), 0, 'the forged address is not throttled')
        t.not(await failuresOf('127.0.0.1'), 0, 'the real one is')

        await runtime.journal.commit({ kind: 'gate.reload', at: Date.now() })
        const journal = readFileSync(path.join(lab.gate.folder, 'journal.jsonl'), 'utf8')
        t.notMatch(journal, /203\.0\.113\./, 'no forged address in the journal')
        t.match(journal, /"address":"198\.51\.100\.9"/)
      }
    },
    {
      id: 'H28',
      refs: 'PROXY protocol §2, §5',
      tried:
        'PROXY protocol headers from anybody, a second one behind the balancer’s, damaged ones, and X-Forwarded-For behind one',
      safe: 'nobody but the balancer is believed, and only its own header; a stranger’s is an unreadable request',
      run: async t => {
        const insider = '10.1.2.3'
        const proxy = (address: string) => `PROXY TCP4 ${address} 127.0.0.1 4660 443\r\n`
        const binary = '\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\x0a\x01\x02\x03\x7f\0\0\x01\x12\x34\x01\xbb'
        const request = head(lab.host, '/inside/x', [`X-Forwarded-For: ${insider}`])
        await lab.nothingUpstream(t, async () => {
          for (const from of ['127.0.0.1', trustedProxy])
            for (const header of [proxy(insider), binary, 'PROXY UNKNOWN\r\n'])
              t.match(await lab.raw(header + request, from), /^HTTP\/1\.1 400 /, `${from} is no balancer`)
          for (const header of [proxy(insider), binary])
            t.match(
              await lab.raw(proxy('198.51.100.9') + header + request, balancer),
              /^HTTP\/1\.1 400 /,
              'a second one'
            )
          for (const header of [
            '',
            'PROXY UNKNOWN 10.1.2.3 1.1.1.1 1 1\n',
            proxy('10.1.2.03'),
            binary.replace('\x21', '\x31')
          ])
            t.equal(await lab.raw(header + request, balancer), '', 'a balancer that sends none, or a damaged one')
          for (const header of [proxy('198.51.100.9'), 'PROXY UNKNOWN\r\n', '\r\n\r\n\0\r\nQUIT\n\x20\x11\0\0'])
            t.match(
              await lab.raw(header + request, balancer),
              /^HTTP\/1\.1 40[13] /,
              'X-Forwarded-For behind the balancer'
            )
        })
        for (const header of [proxy(insider), binary])
          t.same(saidAs(await lab.seen(() => lab.raw(header + request, balancer)), 'x-forwarded-for'), [insider])
        const behind = proxy(trustedProxy) + request
        t.same(saidAs(await lab.seen(() => lab.raw(behind, balancer)), 'x-forwarded-for'), [insider], 'a trusted proxy')
      }
    },
    {
      id: 'H13',
      refs: 'CVE-2026-3635 GHSA-444r-cwp2-x5xf (fastify)',
      tried: 'X-Forwarded-Host and -Proto from strangers, and from the trusted proxy',
      safe: 'the site is that of Host; every address is the configured one',
      run: t =>
        lab.nothingUpstream(t, async () => {
          const lies = ['X-Forwarded-Host: evil.test', 'X-Forwarded-Proto: ftp', 'Forwarded: host=evil.test;proto=ftp']
          for (const from of ['127.0.0.1', trustedProxy]) {
            const reply = await lab.ask('/private', [...navigating, ...lies], { from })
            turnedAway(t, lab, reply, from)
            t.notMatch(reply.lines.join('\n') + reply.body, /evil\.|ftp:/)
            const page = await lab.ask('/.factorgate/login', lies, { host: new URL(lab.gate.portal).host, from })
            t.equal(page.status, 200)
            t.notMatch(page.lines.join('\n') + page.body, /evil\.test|ftp:/)
            const elsewhere = await lab.ask('/', [`X-Forwarded-Host: ${lab.host}`], { host: 'evil.test', from })
            refused(t, elsewhere, [421], 'a foreign Host')
          }
        })
    },
    {
      id: 'H14',
      refs: 'GHSA-3m5p-2c4r-xxw2 (fastify)',
      tried: 'trust by a number of hops, by `true`, or in everybody by mistake',
      safe: 'the configuration is refused',
      run: async t => {
        for (const value of ['1', '[1]', 'true', '["*"]', '"1"', 'all']) {
          const loaded = read(`trustedProxies: ${value}`)
          t.equal(loaded.kind, 'bad', value)
          t.match(said(loaded).join(), /trustedProxies/, value)
        }
      }
    },
    {
      id: 'H18',
      refs: 'CVE-2026-33495 GHSA-vhr5-ggp3-qq85 (Oathkeeper)',
      tried: 'X-Forwarded-Proto: http where the app is an https one',
      safe: 'the rules are those of the app that Host names, whatever scheme is claimed',
      run: t =>
        lab.nothingUpstream(t, async () => {
          for (const scheme of ['http', 'https', 'HTTP', 'ws', '', 'http, https'])
            for (const from of ['127.0.0.1', trustedProxy]) {
              const lines = [`X-Forwarded-Proto: ${scheme}`, `X-Forwarded-Scheme: ${scheme}`, `X-Scheme: ${scheme}`]
              turnedAway(t, lab, await lab.ask('/x', lines, { host: secureHost, from }), `'${scheme}' from ${from}`)
            }
        })
    }
  ]
}
