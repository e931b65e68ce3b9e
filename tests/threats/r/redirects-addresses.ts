/** THREATS R1 to R8 and R14: the allowed targets after a sign-in. */
import type { Test } from 'tap'
import { stateOf } from '../../../plugins/cookies.ts'
import { Caller, type Fixture, type HttpReply, leadsTo } from '../../fixtures/in-process/callers.ts'
import { parse, RawClient } from '../../fixtures/pipeline/forwarding.ts'
import type { Row } from '../table.ts'
import { foreign, ours } from './redirect-spellings.ts'

const state = 'S'.repeat(43)

export function addressRows(fixture: Fixture): Row[] {
  const { gate } = fixture
  const places = { portal: gate.portal, app: gate.origin('app') }
  const { app, portal } = places
  const origins = [portal, app, gate.origin('other')]
  const all = foreign(places)
  const home = '/.factorgate/'

  /** Every answer of the portal leads to an origin of ours, by a header that no reader can split. */
  function staysHere(t: Test, answer: HttpReply, what: string): void {
    const { location } = answer.headers
    if (location === undefined) return
    if (!/^[\x21-\x7e]+$/.test(location)) t.fail(`${what}: ${JSON.stringify(location)}`)
    const { origin } = new URL(location, portal)
    if (!origins.includes(origin)) t.fail(`${what}: to ${location}`)
  }

  /** Asks with somebody who is signed in, who is sent on at once, and as a stranger, whose form must not carry it. */
  async function goesHome(t: Test, tricks: readonly string[]): Promise<void> {
    const list = all.filter(({ trick }) => tricks.includes(trick))
    const signed = await (await fixture.somebody()).signedIn()
    const nobody = new Caller(fixture)
    let wrong = 0
    for (const { trick, address } of list) {
      const what = `${trick}: ${JSON.stringify(address.slice(0, 80))}`
      const query = `rd=${encodeURIComponent(address)}&state=${state}`
      const onward = await signed.get(`/.factorgate/login?${query}`)
      staysHere(t, onward, what)
      if (onward.status !== 303 || onward.headers.location !== home) {
        wrong++
        t.fail(`${what}: ${onward.status} ${onward.headers.location}`)
      }
      const page = await nobody.get(`/.factorgate/login?${query}`)
      if (page.status !== 200 || /rd=/.test(page.body) || /evil/.test(page.body + page.lines.join())) {
        wrong++
        t.fail(`${what}: the page carries it on, or answers ${page.status}`)
      }
    }
    t.ok(list.length >= tricks.length)
    t.equal(wrong, 0, `${list.length} spellings, all to the list of apps`)
  }

  return [
    {
      id: 'R1',
      refs: 'CVE-2021-21291 GHSA-4mf2-f3wh-gvf2',
      tried: 'other sites, names, numbers and nonsense as return addresses; and the good ones, however odd they look',
      safe: 'the list of apps; a listed origin with any path is returned to byte for byte',
      async run(t) {
        t.ok(all.length > 500, `${all.length} spellings in all rows together`)
        await goesHome(t, ['another site', 'a name', 'a relative path', 'no address at all', 'too long', 'nested'])
        const signed = await (await fixture.somebody()).signedIn()
        for (const address of ours(places)) {
          const { headers } = await signed.get(`/.factorgate/login?rd=${encodeURIComponent(address)}`)
          t.equal(headers.location, address, 'without a state, there and then')
          if (!address.startsWith(app)) continue
          const over = await signed.get(`/.factorgate/login?rd=${encodeURIComponent(address)}&state=${state}`)
          t.equal(leadsTo(over), `${app}/.factorgate/callback`, 'with one, by a hand-over')
        }
        const twice = await signed.get(`/.factorgate/login?rd=${encodeURIComponent(`${app}/`)}&rd=http://evil.test/`)
        t.equal(twice.headers.location, home, 'sent twice is not sent')
        for (const shape of ['rd[]', 'rd[0]', 'rd.x', 'RD', '__proto__[rd]', 'next', 'url', 'redirect', 'return_to'])
          t.equal((await signed.get(`/.factorgate/login?${shape}=http://evil.test/`)).headers.location, home, shape)
      }
    },
    {
      id: 'R2',
      refs: 'CVE-2022-23527 GHSA-q6f2-285m-gr53 CVE-2021-32786 CVE-2021-39191',
      tried: 'addresses without a scheme, with odd slashes, tabs and escapes before the host',
      safe: 'the list of apps',
      run: t => goesHome(t, ['no scheme'])
    },
    {
      id: 'R3',
      refs: 'CVE-2019-3877',
      tried: 'backslashes and other marks between scheme and host',
      safe: 'the list of apps',
      run: t => goesHome(t, ['odd slashes', 'our scheme, spelt oddly'])
    },
    {
      id: 'R4',
      refs: 'CVE-2026-28512',
      tried: 'user info before another host, and before ours',
      safe: 'the list of apps',
      run: t => goesHome(t, ['user info', 'in front of the host'])
    },
    {
      id: 'R5',
      refs: 'CVE-2026-41569 CVE-2024-52289',
      tried: 'hosts that begin like ours, end like ours, or differ by a dot, a port, a letter’s case or look',
      safe: 'the list of apps: origins are compared whole and exactly',
      run: t => goesHome(t, ['a longer host', 'nearly our host', 'another scheme'])
    },
    {
      id: 'R6',
      refs: 'CVE-2024-21497 GHSA-8hp3-rmr7-xh88 CVE-2022-28923 CVE-2024-52003 CVE-2020-15129',
      tried: 'redirects made of headers: X-Forwarded-*, Forwarded, Referer, Origin, an absolute or doubled path',
      safe: 'every Location is a configured origin’s',
      async run(t) {
        const headers: Record<string, string>[] = [
          { 'x-forwarded-prefix': '//evil.test' },
          { 'x-forwarded-host': 'evil.test' },
          { 'x-forwarded-proto': 'javascript' },
          { 'x-forwarded-proto': 'https', 'x-forwarded-port': '81' },
          { 'x-forwarded-uri': '//evil.test/' },
          { 'x-original-url': 'http://evil.test/' },
          { 'x-rewrite-url': '//evil.test/' },
          { forwarded: 'host=evil.test;proto=https' },
          { 'x-host': 'evil.test' },
          { referer: 'http://evil.test/' },
          { referer: `${app}.evil.test/` },
          { referer: `${app}@evil.test/` },
          { referer: `${app}\\evil.test/` },
          { origin: 'http://evil.test' }
        ]
        const signed = await (await fixture.somebody()).signedIn()
        for (const extra of headers)
          for (const [who, caller] of [
            ['nobody', new Caller(fixture)],
            ['signed in', signed]
          ] as const)
            for (const url of [
              `${app}/x`,
              `${portal}/`,
              '/.factorgate/',
              '/.factorgate/account',
              `${app}/.factorgate/account`,
              '/.factorgate/login'
            ]) {
              const answer = await caller.get(url, extra)
              staysHere(t, answer, `${who} ${url} ${JSON.stringify(extra)}`)
              t.notMatch(
                answer.headers.location ?? '',
                /\bevil|evil\b|:81\b|https:/,
                `${who} ${url} ${JSON.stringify(extra)}`
              )
            }
        for (const extra of headers) {
          const { status, headers: told, body } = await new Caller(fixture).send('POST', `${app}/x`, { headers: extra })
          t.equal(status, 401)
          const { challengeUrl } = JSON.parse(body).error
          t.ok(challengeUrl.startsWith(`${portal}/.factorgate/login?`), 'a program is told the same')
          t.notMatch(`${challengeUrl}${told.location ?? ''}`, /\bevil|evil\b/, JSON.stringify(extra))
        }
        for (const host of [fixture.host(), fixture.host('app')])
          for (const target of [
            '//evil.test/%2e%2e',
            '//evil.test',
            '/\\evil.test',
            '/.factorgate//evil.test',
            '/.factorgate/..//evil.test',
            '/%2f%2fevil.test',
            '/.factorgate/%5cevil.test',
            '/;@evil.test',
            '/.factorgate/account//evil.test/..'
          ]) {
            const client = await RawClient.open(gate.port)
            client.send(
              `GET ${target} HTTP/1.1\r\nHost: ${host}\r\nAccept: text/html\r\nSec-Fetch-Mode: navigate\r\nConnection: close\r\n\r\n`
            )
            const { lines } = parse(await client.rest())
            for (const line of lines.filter(one => /^location:/i.test(one))) {
              const location = line.replace(/^[^:]*: /, '')
              t.ok(origins.includes(new URL(location, `http://${host}`).origin), `${host} ${target} to ${location}`)
              t.match(location, new RegExp(`^${portal}/`), 'to the portal, whatever the path')
            }
          }
      }
    },
    {
      id: 'R7',
      refs: 'CVE-2021-29651 GHSA-35vc-w93w-75c2',
      tried: 'every URL of a whole sign-in read along, with a foreign return address and with a good one',
      safe: 'no password, code, token or session in any of them; a hand-over code only for a host of ours, dead once used',
      async run(t) {
        for (const rd of ['http://evil.test/', `${app}/deep/link?x=1`]) {
          fixture.time.advance(60)
          const person = await fixture.somebody()
          const caller = new Caller(fixture)
          const urls: string[] = []
          await caller.get(`${app}/deep/link?x=1`)
          const real = caller.jar(fixture.host('app')).get('factorgate-nonce')!
          const query = new URLSearchParams({ rd, state: stateOf(real) })
          const noted = async (answer: Promise<HttpReply>) => {
            const { headers, body } = await answer
            urls.push(
              headers.location ?? '',
              ...[...body.matchAll(/(?:href|action|src)="([^"]*)"/g)].map(([, url = '']) => url)
            )
            return answer
          }
          await noted(caller.get(`/.factorgate/login?${query}`))
          await noted(
            caller.post(`/.factorgate/login?${query}`, {
              username: person.account.name,
              password: 'correct horse battery'
            })
          )
          const code = person.code()
          const first = caller.token()
          await noted(caller.get(`/.factorgate/challenge?${query}`))
          const last = await noted(caller.totp(code, `?${query}`))
          const session =
            caller.principal?.session.id ?? (await fixture.runtime.sessions.list(person.account.id))[0]!.session.id
          for (const secret of [
            first,
            caller.token(),
            code,
            'correct',
            session,
            caller.jar().get('factorgate-nonce')!,
            real
          ])
            t.notOk(
              urls.some(url => url.includes(secret)),
              `${rd}: none of the URLs holds a secret`
            )
          if (rd.includes('evil')) {
            t.equal(last.headers.location, home)
            t.notOk(
              urls.some(url => /evil|callback/.test(url)),
              'no code was made for it'
            )
            continue
          }
          t.match(last.headers.location, new RegExp(`^${app}/\\.factorgate/callback\\?code=[\\w-]{43}$`))
          t.equal((await caller.get(last.headers.location!)).headers.location, rd)
          t.equal((await caller.get(last.headers.location!)).status, 403, 'the code is dead')
        }
      }
    },
    {
      id: 'R8',
      refs: '',
      tried:
        'a foreign address put in at each step alone: the link, the password, the second factor, step-up, enrolment, a way into an app that is gone',
      safe: 'validated at every use',
      async run(t) {
        const bad = `?rd=${encodeURIComponent('http://evil.test/')}&state=${state}`
        const good = `?rd=${encodeURIComponent(`${app}/`)}&state=${state}`
        for (const [atPassword, atCode] of [
          [bad, bad],
          [good, bad],
          [bad, '']
        ] as const) {
          fixture.time.advance(60)
          const person = await fixture.somebody()
          const caller = new Caller(fixture)
          const first = await caller.post(`/.factorgate/login${atPassword}`, {
            username: person.account.name,
            password: 'correct horse battery'
          })
          staysHere(t, first, 'after the password')
          t.notMatch(first.headers.location, /\bevil|evil\b/)
          const page = await caller.get(`/.factorgate/challenge${atCode}`)
          t.notMatch(page.body, /\bevil|evil\b/)
          const last = await caller.totp(person.code(), atCode)
          t.equal(last.headers.location, home, `${atPassword} then ${atCode}`)
        }
        const person = await fixture.somebody()
        const caller = await person.signedIn()
        const key = `/.factorgate/enrol${bad}`
        t.notMatch((await caller.get(key)).body, /\bevil|evil\b/, 'enrolment')
        for (const path of [
          '/.factorgate/challenge',
          '/.factorgate/enrol/totp',
          '/.factorgate/enrol/webauthn',
          '/.factorgate/enrol/recovery',
          '/.factorgate/enrol/done',
          '/.factorgate/account',
          '/.factorgate/logout'
        ]) {
          const answer = await caller.get(path + bad)
          staysHere(t, answer, path)
          t.notMatch(answer.body + (answer.headers.location ?? ''), /\bevil|evil\b/, path)
        }
        staysHere(t, await caller.post(`/.factorgate/enrol/recovery/saved${bad}`, { saved: 'yes' }), 'codes put away')
        t.equal((await caller.json(`/.factorgate/webauthn/options?for=challenge&${bad.slice(1)}`)).status, 200)

        // The app goes while the person is on the way to it.
        const away = await caller.get(`${app}/`)
        const over = await caller.get(away.headers.location!)
        const config = await gate.load()
        await gate.server.reload({ ...config, apps: config.apps.filter(one => one.id !== 'app') })
        t.equal(
          (await caller.get(away.headers.location!)).headers.location,
          home,
          'the address is none of ours any more'
        )
        t.equal((await caller.get(over.headers.location!)).status, 421, 'nor does its host answer')
        await gate.server.reload(config)
        t.equal((await caller.post('/.factorgate/logout')).headers.location, `${portal}/.factorgate/signed-out`)
      }
    },
    {
      id: 'R14',
      refs: 'CVE-2016-5325 CVE-2016-2216',
      tried:
        'line ends, literal, escaped, doubly escaped and in other alphabets, in return address, path, state and name',
      safe: 'one block of headers, nothing put into it',
      async run(t) {
        await goesHome(t, ['line ends', 'a scheme that runs'])
        const breaks = [
          '%0d%0a',
          '%0a',
          '%0d',
          '%250d%250a',
          '%E5%98%8A%E5%98%8D',
          '%u000a',
          '%C0%8D%C0%8A',
          '%e2%80%a8',
          '%00'
        ]
        const raw = async (target: string, host: string) => {
          const client = await RawClient.open(gate.port)
          client.send(
            `GET ${target} HTTP/1.1\r\nHost: ${host}\r\nAccept: text/html\r\nSec-Fetch-Mode: navigate\r\nConnection: close\r\n\r\n`
          )
          return parse(await client.rest())
        }
        for (const one of breaks) {
          const text = `${one}Set-Cookie:x=1${one}${one}<script>`
          for (const [target, host] of [
            [`/.factorgate/login?rd=/${text}`, fixture.host()],
            [`/.factorgate/login?rd=${encodeURIComponent(app)}/${text}&state=${text}`, fixture.host()],
            [`/.factorgate/${text}`, fixture.host()],
            [`/${text}`, fixture.host('app')],
            [`/?${text}`, fixture.host('app')],
            [`/.factorgate/callback?code=${text}`, fixture.host('app')],
            [`/.factorgate/account?done=${text}`, fixture.host('app')]
          ] as const) {
            const { status, lines, body } = await raw(target, host)
            t.ok(status >= 200 && status < 500, `${target}: ${status}`)
            t.notOk(
              lines.some(line => /^set-cookie: ?x=1/i.test(line)),
              target
            )
            t.notMatch(body, /<script>/, target)
            t.notMatch(lines.join('\n'), /[\r\0]|\n\n/, target)
          }
        }
        const caller = new Caller(fixture)
        const { lines } = await caller.signIn('a\r\nSet-Cookie: x=1', 'x\r\n\r\n<script>')
        t.notOk(lines.some(line => /x=1/.test(line)))
      }
    }
  ]
}
