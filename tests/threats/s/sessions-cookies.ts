/** THREATS S4 to S6, S8 and S14 to S17: planted, tossed, copied and huge cookies; and what an app and a stranger get to see. */
import { tokenDigest } from '../../../src/ids.ts'
import { Caller, type Fixture, leadsTo, password } from '../../fixtures/in-process/callers.ts'
import { valuesOf } from '../../fixtures/in-process/upstream.ts'
import type { Row } from '../table.ts'
import { isIn, onHttps, raw } from './sessions-ways.ts'

export function cookieRows(fixture: Fixture): Row[] {
  const { gate, time, runtime } = fixture
  const app = gate.origin('app')
  const somebody = (where = fixture, options?: Parameters<Fixture['person']>[1]) => where.somebody(options)

  return [
    {
      id: 'S4',
      refs: '',
      tried: 'a cookie of ours planted before ours, twice, on the wrong scheme; the flags of every Set-Cookie',
      safe: 'on https `__Host-factorgate`, Secure, HttpOnly, SameSite=Lax, Path=/, no Domain; two of them are none',
      async run(t) {
        const person = await somebody()
        const caller = await person.signedIn(['app'])
        const token = caller.token(fixture.host('app'))
        const good = `factorgate=${token}`
        t.equal((await raw(fixture, [good])).status, 200)
        await fixture.nothingUpstream(t, async () => {
          const tossed = [
            [`factorgate=evil; ${good}`],
            [`${good}; factorgate=evil`],
            [`${good}; ${good}`],
            [good, 'factorgate=evil'],
            [`factorgate=; ${good}`],
            [`__Host-factorgate=${token}`],
            [`FACTORGATE=${token}`],
            [`factorgate ="${token}"`],
            [`factorgate="${token}"`],
            [`x=1,factorgate=${token}`],
            [`xfactorgate=${token}`]
          ]
          for (const cookies of tossed)
            t.equal((await raw(fixture, cookies)).status, 401, cookies.join(' & ').replaceAll(token, 'TOKEN'))
        })
        await onHttps(t, fixture, async () => {
          const browser = new Caller(fixture)
          const over = (method: string, path: string, body?: string) =>
            browser.send(method, `https://gate.lab.example${path}`, {
              cookie: [...jar].map(([name, value]) => `${name}=${value}`).join('; '),
              headers: {
                accept: 'text/html',
                ...(body === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded' })
              },
              ...(body === undefined ? {} : { body })
            })
          const jar = new Map<string, string>()
          const seen: string[] = []
          const keep = (lines: readonly string[] = []) => {
            for (const line of lines) {
              seen.push(line)
              const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
              jar.set(name, value)
            }
          }
          const csrf = () =>
            runtime.keyring.mac(
              'csrf',
              `${jar.get('__Host-factorgate-nonce')}.${jar.has('__Host-factorgate') ? tokenDigest(jar.get('__Host-factorgate')!) : '-'}`
            )
          const form = (fields: object) => new URLSearchParams({ csrf: csrf(), ...fields }).toString()
          keep((await over('GET', '/.factorgate/login')).headers['set-cookie'])
          const login = await over('POST', '/.factorgate/login', form({ username: person.account.name, password }))
          t.equal(login.status, 303, 'over https')
          keep(login.headers['set-cookie'])
          time.advance(30)
          const proof = await over('POST', '/.factorgate/challenge/totp', form({ code: person.code() }))
          t.equal(proof.status, 303)
          keep(proof.headers['set-cookie'])
          keep((await over('POST', '/.factorgate/enrol/recovery', form({}))).headers['set-cookie'])
          const away = await browser.send('GET', 'https://app.lab.example/', {
            headers: { accept: 'text/html', 'sec-fetch-mode': 'navigate' }
          })
          t.match(away.headers.location, /^https:\/\/gate\.lab\.example\//)
          keep(away.headers['set-cookie'])
          t.equal((await over('GET', '/.factorgate/account')).status, 200)
          const token = jar.get('__Host-factorgate')
          const plain = await browser.send('GET', 'https://gate.lab.example/.factorgate/account', {
            cookie: `factorgate=${token}`
          })
          t.equal(plain.status, 401, 'the name that http on loopback uses is nobody’s here')
          keep((await over('POST', '/.factorgate/logout', form({}))).headers['set-cookie'])
          t.ok(seen.length >= 6, seen.join('\n'))
          for (const line of seen) {
            t.match(
              line,
              /^__Host-factorgate(?:-nonce|-codes|-known|-done|-device)?=[A-Za-z0-9_-]*; Path=\/; HttpOnly; SameSite=Lax; Secure(?:; Max-Age=\d+)?$/
            )
            t.ok(line.length <= 4096)
          }
          t.notOk(
            seen.some(line => line.includes(person.account.name)),
            'nothing about a person in a cookie'
          )
        })
      }
    },
    {
      id: 'S5',
      refs: '',
      tried: 'what the app sees of a browser’s cookies',
      safe: 'its own, byte for byte; never ours; no header where nothing is left',
      async run(t) {
        const person = await somebody()
        const caller = await person.signedIn(['app'])
        const ours = `factorgate=${caller.token(fixture.host('app'))}`
        const nonce = `factorgate-nonce=${'n'.repeat(43)}`
        const cases: [string[], string[]][] = [
          [[ours], []],
          [[`${ours}; ${nonce}`], []],
          [[`a=1; ${ours}; b="2 3"`], ['a=1; b="2 3"']],
          [[`${ours};a=1`], ['a=1']],
          [[`a=1;${ours};;b`], ['a=1;;b']],
          [[`a=factorgate; ${ours}`], ['a=factorgate']],
          [[`__Host-factorgate=x; ${ours}; __Secure-factorgate=y; FactorGate-codes=z; z=1`], ['z=1']],
          [[`xfactorgate=1; ${ours}`], ['xfactorgate=1']]
        ]
        for (const [sent, expected] of cases) {
          const seen = fixture.up.request()
          t.equal((await raw(fixture, sent)).status, 200)
          const request = await seen
          t.same(valuesOf(request, 'cookie'), expected, sent[0]!.replace(ours, 'OURS'))
          t.notOk(request.raw.includes(ours.slice(11)), 'nowhere in the request')
        }
      }
    },
    {
      id: 'S6',
      refs: '',
      tried:
        'an app answers with our cookies in many spellings, with our headers, `_csrf`, Clear-Site-Data and X-Auth-*',
      safe: 'ours are taken out, and it may not have all cookies cleared; its own cookies and headers stay, which nobody on our side reads',
      async run(t) {
        const caller = await (await somebody()).signedIn(['app'])
        const before = caller.token(fixture.host('app'))
        const { status, lines } = await raw(fixture, [`factorgate=${before}`], '/plants')
        t.equal(status, 200)
        const cookies = lines.filter(line => /^set-cookie/i.test(line)).map(line => line.replace(/^[^:]+: ?/, ''))
        t.same(cookies, ['app=kept; Path=/x; HttpOnly', 'notfactorgate=kept', '_csrf=kept; Path=/'])
        const cleared = lines.filter(line => /^clear-site-data/i.test(line)).join()
        t.notMatch(cleared, /cookies|\*/, 'ours is not cleared by an app')
        t.match(cleared, /"cache"/, 'what is the app’s own it may clear')
        // To a browser these are no more than text; on a request they would name somebody (THREATS H1 to H6).
        for (const claim of ['X-Auth-User: root', 'X-Auth-Request-Email: root@evil.test', 'Remote-User: root'])
          t.ok(lines.includes(claim), claim)
        const [{ line = '', headers = [] } = {}] = fixture.up.requests.slice(-1)
        t.match(line, /\/plants/)
        t.same(valuesOf({ headers }, 'remote-user'), [caller.principal!.account.name], 'who is there, the gate says')
        t.same(
          lines.filter(line => /^(?:factorgate|x-factorgate|set-cookie2)/i.test(line)),
          []
        )
        t.ok(lines.includes('X-Kept: yes'))
      }
    },
    {
      id: 'S8',
      refs: 'RFD 103',
      tried: 'everything that journal and log say about a session, used as its cookie',
      safe: 'they hold a public id; it opens nothing',
      async run(t) {
        const person = await somebody()
        const caller = await person.signedIn(['app'])
        await caller.get(`${app}/s8`)
        const texts = (await fixture.journal()) + JSON.stringify(gate.log)
        const id = caller.principal!.session.id
        t.ok(texts.includes(id), 'the id is there, so that an operator can end it')
        const tokens = [caller.token(), caller.token(fixture.host('app'))]
        for (const token of tokens)
          for (const form of [
            token,
            tokenDigest(token),
            token.slice(0, 16),
            Buffer.from(token, 'base64url').toString('hex')
          ])
            t.notOk(texts.includes(form))
        const words = new Set(
          texts
            .split('\n')
            .filter(line => line.includes(id))
            .join(' ')
            .match(/[\w-]{20,}/g)
        )
        for (const word of words) t.notOk(await isIn(fixture, word), word)
      }
    },
    {
      id: 'S14',
      refs: 'ASVS 7.1.2',
      tried: 'one cookie from two addresses and browsers at once',
      safe: 'served, since people move between networks; each exchange is journaled with session and address',
      async run(t) {
        const caller = await (await somebody()).signedIn(['app'])
        const cookie = caller.cookie(fixture.host('app'))
        const [one, two] = [new Caller(fixture), new Caller(fixture)]
        const answers = await Promise.all(
          [one, two].map(who => who.send('GET', `${app}/s14`, { cookie, headers: { 'user-agent': who.address } }))
        )
        t.same(
          answers.map(({ status }) => status),
          [200, 200]
        )
        await new Promise(resolve => setImmediate(resolve))
        const journal = await fixture.journal()
        for (const { address } of [one, two])
          t.match(
            journal,
            new RegExp(
              `"session":"${caller.principal!.session.id}","address":"${address.replaceAll('.', '\\.')}"[^\\n]*"path":"/s14"`
            )
          )
      }
    },
    {
      id: 'S15',
      refs: 'CVE-2024-24814 GHSA-hxr6-w4gc-7vvv CVE-2023-28625',
      tried: 'cookie headers of thousands of pairs, of nothing but marks, of 15 KiB, of bytes',
      safe: 'nobody, quickly; nothing upstream',
      async run(t) {
        const many = Array.from({ length: 4000 }, (_, i) => `a${i % 10}=`)
          .join(';')
          .slice(0, 15_000)
        const headers = [
          many,
          ';'.repeat(15_000),
          '='.repeat(15_000),
          ` ${'; '.repeat(7_000)}`,
          `factorgate${'='.repeat(15_000)}`,
          'factorgate=;'.repeat(1_200),
          `factorgate=${'A'.repeat(15_000)}`,
          'factorgate_chunks=999999999; factorgate_0=a',
          'factorgate=%00',
          'factorgate=../../token',
          'factorgate={"session":"x"}',
          'factorgate=\xff\xfe',
          '\tfactorgate\t=\tx',
          '__proto__=1; constructor=2',
          `factorgate="${'A'.repeat(43)}"`
        ]
        await fixture.nothingUpstream(t, async () => {
          const began = process.cpuUsage()
          for (const header of headers)
            t.equal((await raw(fixture, [header])).status, 401, JSON.stringify(header.slice(0, 30)))
          const { user } = process.cpuUsage(began)
          t.ok(user < 20_000_000, `${headers.length} of them in ${user / 1000} ms of CPU`)
          t.equal((await raw(fixture, [many.repeat(2)])).status, 431, 'more than 16 KiB')
        })
      }
    },
    {
      id: 'S16',
      refs: 'CVE-2023-45143',
      tried: 'the app sends the gate to another host',
      safe: 'the redirect is the browser’s to follow; one request upstream',
      async run(t) {
        const caller = await (await somebody()).signedIn(['app'])
        const before = fixture.up.requests.length
        const answer = await caller.get(`${app}/away`)
        t.equal(answer.status, 302)
        t.equal(answer.headers.location, 'http://127.0.0.1:1/secret')
        t.equal(answer.body, 'app')
        t.equal(fixture.up.requests.length, before + 1)
      }
    },
    {
      id: 'S17',
      refs: 'GHSA-59jp-rwph-878r',
      tried: 'protected content in the answer to nobody: POST, HEAD, Range, If-None-Match, a body, another Accept',
      safe: 'the answer is the gate’s alone, and HEAD has none; nothing upstream',
      async run(t) {
        await fixture.nothingUpstream(t, async () => {
          const nobody = new Caller(fixture)
          for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'PROPFIND'])
            for (const headers of [
              {},
              { range: 'bytes=0-1' },
              { 'if-none-match': '*' },
              { accept: '*/*' },
              { accept: 'text/html', 'sec-fetch-mode': 'navigate' }
            ]) {
              const body = method === 'POST' || method === 'PUT' ? 'of the stranger' : undefined
              const answer = await nobody.send(method, `${app}/s17`, {
                headers,
                ...(body === undefined ? {} : { body })
              })
              t.ok([302, 401].includes(answer.status), `${method} ${JSON.stringify(headers)}: ${answer.status}`)
              t.notMatch(answer.body, /^app|stranger/)
              if (method === 'HEAD') t.equal(answer.body, '')
              if (answer.status === 302) t.equal(leadsTo(answer), `${gate.portal}/.factorgate/login`)
            }
        })
      }
    }
  ]
}
