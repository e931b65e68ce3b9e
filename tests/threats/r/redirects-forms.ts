/** THREATS R9 to R12 and R17: forms and JSON from other sites, or of a wrong type. */
import { newToken, tokenDigest } from '../../../src/ids.ts'
import { Caller, codeOf, type Fixture, password } from '../../fixtures/in-process/callers.ts'
import type { Row } from '../table.ts'

const formType = 'application/x-www-form-urlencoded'
const jsonType = 'application/json'

export function formRows(fixture: Fixture): Row[] {
  const { gate, runtime } = fixture
  const isIn = async (caller: Caller) => (await caller.get('/.factorgate/account')).status === 200

  return [
    {
      id: 'R9',
      refs: 'CVE-2022-41919 GHSA-3fjj-p79j-c9hh',
      tried: 'JSON and forms under types that need no preflight, at every POST: text/plain, multipart, none, odd ones',
      safe: '415; JSON called a form is an expired form; nothing is done',
      async run(t) {
        const person = await fixture.somebody()
        const signed = await person.signedIn()
        const half = await person.halfWay()
        const nobody = new Caller(fixture)
        const targets: [string, Caller, Record<string, string>][] = [
          ['login', nobody, { username: person.account.name, password }],
          ['challenge/totp', half, { code: person.code() }],
          ['challenge/recovery', half, { code: 'x' }],
          ['logout', signed, {}],
          ['account/sessions/others/end', signed, {}],
          ['enrol/recovery', signed, {}]
        ]
        const types = [
          'text/plain',
          'text/plain;charset=UTF-8',
          'multipart/form-data; boundary=x',
          jsonType,
          'application/xml',
          '*/*',
          '__proto__',
          'constructor',
          `text/plain, ${formType}`,
          `${formType}x`,
          `${formType}; charset=utf-16`,
          `${formType}; charset=utf-8; x=y`,
          `${formType}\ta`,
          'text/plain; x="application/x-www-form-urlencoded"',
          ''
        ]
        for (const [path, caller, fields] of targets) {
          const form = new URLSearchParams({ csrf: caller.csrf(), ...fields }).toString()
          const json = JSON.stringify({ csrf: caller.csrf(), ...fields })
          for (const type of types)
            for (const body of [form, json]) {
              const headers = type === '' ? {} : { 'content-type': type }
              const answer = await caller.send('POST', `/.factorgate/${path}`, { headers, body })
              t.same(
                [answer.status, codeOf(answer)],
                [415, 'unsupported_media_type'],
                `${path} as ${type || 'nothing'}`
              )
            }
          const called = await caller.send('POST', `/.factorgate/${path}`, {
            headers: { 'content-type': formType },
            body: json
          })
          t.equal(called.status, 403, `${path}: JSON called a form`)
        }
        for (const purpose of ['login', 'challenge', 'enrol'])
          for (const path of ['webauthn/options', 'webauthn/verify'])
            for (const type of [
              'text/plain',
              formType,
              'multipart/form-data; boundary=x',
              'text/json',
              'application/csp-report',
              ''
            ]) {
              const headers = type === '' ? {} : { 'content-type': type }
              const body = JSON.stringify({ csrf: signed.csrf() })
              const answer = await signed.send('POST', `/.factorgate/${path}?for=${purpose}`, { headers, body })
              t.equal(answer.status, 415, `${path} ${purpose} as ${type || 'nothing'}`)
            }
        t.ok((await isIn(signed)) && !(await isIn(half)), 'nobody went in or out')
        t.equal((await runtime.sessions.list(person.account.id)).length, 2)
      }
    },
    {
      id: 'R10',
      refs: 'CVE-2025-32442 GHSA-mg2h-6x62-wpwc CVE-2026-25223 GHSA-jx2c-rxcm-jvmq CVE-2026-3419 GHSA-573f-x89g-hqp9 CVE-2026-33806 GHSA-247c-9743-5963 GHSA-v2v2-hph8-q5xp GHSA-w2qp-rph6-63g4',
      tried: 'content types that are nearly JSON, with bodies of every other shape; prototypes; numbers for texts',
      safe: '415 or 400; no handler sees anything but the shape it takes',
      async run(t) {
        const caller = await (await fixture.somebody()).halfWay()
        const csrf = caller.csrf()
        const strict = [
          jsonType,
          'APPLICATION/JSON',
          'application/json; charset=utf-8',
          'application/json;charset=UTF-8'
        ]
        const loose = [
          'application/json\ta',
          'application/json ;',
          'application/json;',
          'application/json garbage',
          'application/json; charset=utf-16',
          'application/json, text/plain',
          'application/json;a="b',
          'application/json; __proto__=x',
          'application/jsonp',
          'application/ld+json',
          'application/json/x',
          `${jsonType}\xa0`
        ]
        const shapes = [
          '',
          '{',
          '[]',
          '["x"]',
          '"123456"',
          '123456',
          'null',
          'true',
          '{}',
          `{"csrf":{"$gt":""}}`,
          '{"csrf":["x"]}',
          `{"csrf":null}`,
          `[{"csrf":"${csrf}"}]`,
          `{"__proto__":{"csrf":"${csrf}"}}`,
          `{"constructor":{"prototype":{"csrf":"${csrf}"}}}`,
          '{"csrf":"x","csrf":["y"]}',
          `\ufeff{"csrf":"${csrf}"}x`,
          `{"csrf":"${csrf}"}{}`
        ]
        for (const path of ['options?for=challenge', 'verify?for=challenge', 'options?for=login', 'verify?for=login']) {
          for (const type of loose) {
            const answer = await caller.send('POST', `/.factorgate/webauthn/${path}`, {
              headers: { 'content-type': type },
              body: `{"csrf":"${csrf}"}`
            })
            t.ok([400, 415].includes(answer.status), `${path} as ${JSON.stringify(type)}: ${answer.status}`)
          }
          for (const type of strict)
            for (const body of shapes) {
              const answer = await caller.send('POST', `/.factorgate/webauthn/${path}`, {
                headers: { 'content-type': type },
                body
              })
              t.ok([400, 403].includes(answer.status), `${path} ${body}: ${answer.status}`)
            }
        }
        for (const fields of [
          { ceremony: ['x'], response: {} },
          { ceremony: {}, response: {} },
          { ceremony: 1, response: {} },
          { ceremony: 'x', response: 'x' },
          { ceremony: 'x', response: 1 },
          { response: {} },
          { ceremony: 'x' }
        ])
          t.equal(
            (await caller.json('/.factorgate/webauthn/verify?for=challenge', fields)).status,
            400,
            JSON.stringify(fields)
          )
        for (const query of [
          '',
          '?for=',
          '?for=__proto__',
          '?for=login&for=enrol',
          '?for[]=login',
          '?for=LOGIN',
          '?for=admin'
        ])
          t.equal((await caller.json(`/.factorgate/webauthn/options${query}`)).status, 400, query)
        t.same(Object.keys(Object.prototype), [], 'no prototype was touched')
      }
    },
    {
      id: 'R11',
      refs: 'CVE-2023-27495',
      tried:
        'a nonce planted in the browser by a neighbour, with the CSRF token that goes with it; `_csrf` and the like',
      safe: 'refused: a token belongs to this browser and this very session; beside ours a planted one is none',
      async run(t) {
        const person = await fixture.somebody()
        const victim = await person.signedIn()
        const attacker = new Caller(fixture)
        const [sessionName, nonceName] = [`factorgate-${fixture.gate.port}`, `factorgate-nonce-${fixture.gate.port}`]
        const planted = attacker.jar().get('factorgate-nonce')!
        const real = victim.jar().get('factorgate-nonce')!
        const tries: [string, string, string][] = [
          [
            'the attacker’s nonce and token',
            `${nonceName}=${planted}; ${sessionName}=${victim.token()}`,
            attacker.csrf()
          ],
          ['the attacker’s token alone', victim.cookie(), attacker.csrf()],
          ['both nonces', `${nonceName}=${planted}; ${victim.cookie()}`, attacker.csrf()],
          ['both nonces, the other way', `${victim.cookie()}; ${nonceName}=${planted}`, victim.csrf()],
          ['_csrf', `_csrf=x; csrf=x; ${victim.cookie()}`, 'x'],
          ['an empty one', `${nonceName}=; ${sessionName}=${victim.token()}`, attacker.csrf()],
          ['none', `${sessionName}=${victim.token()}`, victim.csrf()],
          [
            'a nonce of another shape',
            `${nonceName}=x; ${sessionName}=${victim.token()}`,
            runtime.keyring.mac('csrf', `x.${tokenDigest(victim.token())}`)
          ]
        ]
        for (const [what, cookie, csrf] of tries)
          for (const path of ['logout', 'account/sessions/others/end', 'enrol/recovery']) {
            const body = new URLSearchParams({ csrf }).toString()
            const headers = { 'content-type': formType }
            const answer = await victim.send('POST', `/.factorgate/${path}`, { cookie, headers, body })
            t.equal(answer.status, 403, `${path}: ${what}`)
          }
        t.ok(await isIn(victim))
        t.equal(victim.jar().get('factorgate-nonce'), real)
      }
    },
    {
      id: 'R12',
      refs: 'CVE-2023-29020',
      tried: 'a CSRF token from before the password, from before the second factor, of another session, of a new nonce',
      safe: 'refused: every step makes another',
      async run(t) {
        const person = await fixture.somebody()
        const caller = new Caller(fixture)
        const tokens: Record<string, string> = { 'before the password': caller.csrf() }
        t.equal((await caller.signIn(person.account.name)).status, 303)
        const kept = tokens['before the password']!
        t.equal((await caller.post('/.factorgate/challenge/totp', { csrf: kept, code: person.code() })).status, 403)
        tokens['before the second factor'] = caller.csrf()
        t.equal((await caller.totp(person.code())).status, 303, 'a refused form did not cost the code')
        tokens['before the step-up'] = caller.csrf()
        fixture.time.advance(30)
        t.equal((await caller.totp(person.code())).status, 303)
        tokens['another session'] = (await person.signedIn()).csrf()
        tokens['made up'] = newToken()
        tokens.nothing = ''
        for (const [what, csrf] of Object.entries(tokens))
          for (const path of ['logout', 'enrol/recovery', 'account/sessions/others/end'])
            t.equal((await caller.post(`/.factorgate/${path}`, { csrf })).status, 403, `${path}: ${what}`)
        const doubled = `csrf=${caller.csrf()}&csrf=${caller.csrf()}`
        t.equal(
          (await caller.send('POST', '/.factorgate/logout', { headers: { 'content-type': formType }, body: doubled }))
            .status,
          403,
          'twice'
        )
        t.ok(await isIn(caller))
        t.equal(new Set(Object.values(tokens)).size, Object.keys(tokens).length, 'they all differ')
        t.equal((await caller.post('/.factorgate/logout')).status, 303, 'its own is good')
      }
    },
    {
      id: 'R17',
      refs: '',
      tried: 'another site signs the browser in, out, or through a challenge: Origin, Sec-Fetch-Site, and GET for POST',
      safe: '403, and no cookie is set; a GET changes nothing',
      async run(t) {
        const person = await fixture.somebody()
        const half = await person.halfWay()
        const signed = await person.signedIn()
        const { portal } = gate
        const headers: Record<string, string>[] = [
          ...[
            'https://evil.test',
            'null',
            '',
            portal.replace('http:', 'https:'),
            `${portal}.evil.test`,
            gate.origin('app'),
            `${portal}/`,
            portal.toUpperCase(),
            `${portal}, https://evil.test`
          ].map(origin => ({ origin })),
          ...['cross-site', 'same-site', 'x', '', 'same-origin, cross-site'].map(site => ({ 'sec-fetch-site': site })),
          { origin: portal, 'sec-fetch-site': 'cross-site' },
          { origin: 'https://evil.test', 'sec-fetch-site': 'same-origin' }
        ]
        const posts: [string, Caller, Record<string, string>][] = [
          ['login', new Caller(fixture), { username: person.account.name, password }],
          ['challenge/totp', half, { code: person.code() }],
          ['logout', signed, {}],
          [`invite/${newToken()}`, new Caller(fixture), { password: 'a new battery staple' }]
        ]
        for (const [path, caller, fields] of posts)
          for (const extra of headers) {
            const answer = await caller.post(`/.factorgate/${path}`, fields, extra)
            t.same([answer.status, codeOf(answer)], [403, 'foreign_origin'], `${path} ${JSON.stringify(extra)}`)
            t.notOk(answer.headers['set-cookie'])
          }
        for (const path of [
          'logout',
          'challenge/totp',
          'challenge/recovery',
          'account/sessions/others/end',
          'webauthn/verify?for=challenge',
          'webauthn/options?for=challenge',
          'account/factors/x/rename'
        ])
          for (const method of ['GET', 'HEAD', 'PUT', 'DELETE', 'PATCH']) {
            const csrf = encodeURIComponent(signed.csrf())
            const joint = path.includes('?') ? '&' : '?'
            const answer = await signed.send(method, `/.factorgate/${path}${joint}csrf=${csrf}&code=${person.code()}`)
            t.ok(
              answer.status === 200 || answer.status === 303 || answer.status === 404 || answer.status === 405,
              `${method} ${path}: ${answer.status}`
            )
            t.notOk(
              (answer.headers['set-cookie'] ?? []).some(line => /^factorgate(?:-\d+)?=/.test(line)),
              `${method} ${path}`
            )
          }
        t.ok(await isIn(signed), 'still signed in')
        t.notOk(await isIn(half), 'still half-way')
        t.equal((await runtime.sessions.list(person.account.id)).length, 2)
      }
    }
  ]
}
