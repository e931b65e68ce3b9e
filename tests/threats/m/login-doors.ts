/** THREATS M20 and M22 to M29: weaker factors, stolen cookies, lost rights, a start without secrets, and the doors beside the door. */
import path from 'node:path'
import { pino } from 'pino'
import { loadConfig } from '../../../config/load.ts'
import { removeEverythingOf } from '../../../src/identity/removal.ts'
import { Server } from '../../../src/server/server.ts'
import { Caller, codeOf, type Fixture, newKey, password } from '../../fixtures/in-process/callers.ts'
import { startGateway } from '../../fixtures/in-process/gateway.ts'
import { valuesOf } from '../../fixtures/in-process/upstream.ts'
import { RawClient, get as rawGet } from '../../fixtures/pipeline/forwarding.ts'
import type { Row } from '../table.ts'

export function doorRows(fixture: Fixture): Row[] {
  const { gate, time, runtime } = fixture
  const app = gate.origin('app')
  const somebody = (options?: Parameters<Fixture['person']>[1]) => fixture.somebody(options)
  const isIn = async (caller: Caller) => (await caller.get('/.factorgate/account')).status === 200
  const onlyFactor = async (accountId: string) => (await runtime.credentials.list(accountId))[0]?.id ?? ''

  return [
    {
      id: 'M20',
      refs: 'ASVS 6.3.4',
      tried:
        'TOTP and recovery where the app takes keys alone: with and without the address on the way, another `method`',
      safe: 'refused on the way; and what was proved elsewhere opens nothing there',
      async run(t) {
        const person = await somebody()
        const [code = '', second = ''] = await person.issueCodes()
        await (await person.signedIn()).enrol(newKey(fixture))
        const query = `?rd=${encodeURIComponent(`${app}/keys/1`)}&state=${'S'.repeat(43)}`
        const caller = await person.halfWay()
        const page = await caller.get(`/.factorgate/challenge${query}`)
        t.notMatch(page.body, /challenge\/(?:totp|recovery)/, 'no form for another factor')
        t.equal((await caller.totp(person.code(), query)).status, 401, 'TOTP on the way')
        t.same(codeOf(await caller.totp(person.code(), `${query}&method=totp`)), 'other_factor_required')
        t.same(codeOf(await caller.post(`/.factorgate/challenge/recovery${query}`, { code })), 'other_factor_required')
        t.notOk(await isIn(caller), 'nothing was proved by it')
        t.equal((await caller.recovery(second)).status, 303, 'without an address on the way, a code is a code')
        await caller.goOver('app')
        await fixture.nothingUpstream(t, async () => {
          const answer = await caller.get(`${app}/keys/1`)
          t.match(answer.headers.location, new RegExp(`^${gate.portal}/\\.factorgate/challenge\\?`))
          t.equal((await caller.send('GET', `${app}/keys/1`)).status, 401)
        })
      }
    },
    {
      id: 'M22',
      refs: 'ASVS 7.5.1 7.4.3',
      tried: 'a stolen cookie, older than five minutes, adds and removes factors and draws recovery codes',
      safe: 'a fresh proof is asked for; afterwards the other sessions are offered for ending; journaled',
      async run(t) {
        const person = await somebody()
        const second = await person.addTotp()
        const caller = await person.signedIn()
        time.advance(301)
        const before = await runtime.credentials.list(person.account.id)
        for (const one of [
          'enrol',
          'enrol/totp',
          'enrol/webauthn',
          'enrol/recovery',
          `account/factors/${second}/remove`
        ])
          t.match((await caller.get(`/.factorgate/${one}`)).headers.location, /\/\.factorgate\/challenge\?rd=/, one)
        t.equal(codeOf(await caller.json('/.factorgate/webauthn/options?for=enrol')), 'enrolment_not_allowed')
        t.equal(codeOf(await caller.post('/.factorgate/enrol/totp', { code: '1' })), 'enrolment_not_allowed')
        for (const one of ['enrol/recovery', `account/factors/${second}/remove`])
          t.equal(codeOf(await caller.post(`/.factorgate/${one}`)), 'fresh_proof_required', one)
        t.same(await runtime.credentials.list(person.account.id), before)
        t.equal((await caller.totp(person.code())).status, 303, 'a fresh proof')
        await person.signedIn()
        t.equal((await caller.post(`/.factorgate/account/factors/${second}/remove`)).status, 303)
        t.match((await caller.get('/.factorgate/account')).body, /sessions\/others\/end/, 'others are offered')
        t.match(await fixture.journal(), new RegExp(`"kind":"factor\\.remove"[^\\n]*"account":"${person.account.id}"`))
      }
    },
    {
      id: 'M23',
      refs: '',
      tried: 'the only factor, removed; a disabled one beside it does not count',
      safe: 'refused',
      async run(t) {
        const person = await somebody()
        const id = await onlyFactor(person.account.id)
        const caller = await person.signedIn()
        t.equal(codeOf(await caller.post(`/.factorgate/account/factors/${id}/remove`)), 'last_factor')
        const other = await person.addTotp()
        await runtime.credentials.disable(person.account.id, other)
        await person.issueCodes()
        t.equal(codeOf(await caller.post(`/.factorgate/account/factors/${id}/remove`)), 'last_factor')
        t.equal((await runtime.credentials.list(person.account.id)).length, 2)
        const others = await somebody()
        const foreign = await onlyFactor(others.account.id)
        t.equal(
          codeOf(await caller.post(`/.factorgate/account/factors/${foreign}/remove`)),
          'not_found',
          'not one’s own'
        )
      }
    },
    {
      id: 'M24',
      refs: 'CVE-2025-64521 CVE-2025-53942 GHSA-x883-2vmg-xwf7 CVE-2021-41230',
      tried: 'suspended, moved to other groups, or removed while signed in',
      safe: 'the very next request meets it; nothing upstream',
      async run(t) {
        const person = await somebody({ groups: ['researchers', 'operators'] })
        const { id } = person.account
        const caller = await person.signedIn(['app', 'other'])
        const [inApp, inOther] = [`${app}/m24`, `${gate.origin('other')}/m24`]
        t.equal((await caller.get(inApp)).status, 200)
        t.equal((await caller.get(inOther)).status, 200)
        await runtime.accounts.update(id, { groups: ['researchers'] })
        await fixture.nothingUpstream(t, async () => {
          t.same(codeOf(await caller.get(inOther)), 'not_allowed', 'groups')
        })
        t.equal((await caller.get(inApp)).status, 200)
        t.same(
          valuesOf(fixture.up.requests.at(-1)!, 'remote-groups'),
          ['researchers'],
          'the app hears of the new groups'
        )
        await runtime.accounts.suspend(id, 'test')
        await fixture.nothingUpstream(t, async () => {
          t.equal((await caller.send('GET', inApp)).status, 401, 'suspended, at the app')
          t.equal((await caller.send('GET', '/.factorgate/account')).status, 401, 'suspended, at the portal')
          t.match((await caller.totp(person.code())).headers.location, /\/\.factorgate\/login\?/)
          t.equal((await new Caller(fixture).signIn(person.account.name)).status, 403, 'suspended, at the door')
        })
        await runtime.accounts.resume(id)
        const again = await person.signedIn(['app'])
        t.equal((await again.get(inApp)).status, 200)
        const { accounts, credentials, local, invitations } = runtime
        await removeEverythingOf(id, { accounts, belongings: [credentials, local, invitations] })
        await fixture.nothingUpstream(t, async () => {
          t.equal((await again.send('GET', inApp)).status, 401, 'removed')
        })
      }
    },
    {
      id: 'M25',
      refs: 'CVE-2026-54762 CVE-2026-27586',
      tried: 'a start without a key file, with a short, foreign or readable one; with nobody in the store',
      safe: 'it does not start; without people it lets nobody in',
      async run(t) {
        const { writeFileSync, chmodSync, rmSync, copyFileSync } = await import('node:fs')
        const config = await gate.load()
        const keyFile = path.join(gate.folder, 'other.key')
        const start = () =>
          Server.start({ config: { ...config, keyFile }, clock: () => time.now, log: pino({ level: 'silent' }) })
        await t.rejects(start(), { message: /other\.key/ }, 'no key file')
        for (const text of ['', '{}', 'x'.repeat(100)]) {
          writeFileSync(keyFile, text, { mode: 0o600 })
          await t.rejects(start(), { message: /other\.key/ }, JSON.stringify(text.slice(0, 5)))
        }
        rmSync(keyFile)
        copyFileSync(config.keyFile, keyFile)
        chmodSync(keyFile, 0o644)
        await t.rejects(start(), { message: /other\.key/ }, 'readable by others')
        const bad = await loadConfig({ file: path.join(gate.folder, 'none.yaml'), env: {}, cwd: gate.folder })
        t.equal(bad.kind, 'bad', 'no configuration')
        const empty = await startGateway(t, {
          apps: `  - { id: app, url: "http://app.localhost:PORT", upstream: "${fixture.up.origin}" }`
        })
        const before = fixture.up.bytes().length
        t.equal((await empty.request('GET', `${empty.origin('app')}/`)).status, 401)
        t.same(await empty.server.runtime.accounts.list(), [], 'no account comes with it')
        t.equal(fixture.up.bytes().length, before)
      }
    },
    {
      id: 'M26',
      refs: '',
      tried: 'another method than the request line’s: X-HTTP-Method-Override and its kin, `_method` in query and body',
      safe: 'judged by the request line; the headers never reach the app, its own parameters do',
      async run(t) {
        const person = await somebody()
        const signed = await person.signedIn(['app'])
        const headers = {
          'x-http-method-override': 'DELETE',
          x_http_method_override: 'DELETE',
          'x-http-method': 'PUT',
          'x-method-override': 'PATCH'
        }
        for (const caller of [new Caller(fixture), signed]) {
          const seen = fixture.up.request()
          const answer = await caller.send('GET', `${app}/public/x?_method=DELETE`, { headers })
          t.equal(answer.status, 200, 'a public GET')
          const { line, headers: passed } = await seen
          t.equal(line, 'GET /public/x?_method=DELETE HTTP/1.1')
          t.same(
            passed.filter(([name]) => /method/i.test(name)),
            []
          )
        }
        await fixture.nothingUpstream(t, async () => {
          for (const method of ['POST', 'DELETE', 'PATCH'])
            t.equal(
              (
                await new Caller(fixture).send(method, `${app}/public/x?_method=GET`, {
                  headers: { 'x-http-method-override': 'GET' },
                  body: '_method=GET'
                })
              ).status,
              401,
              `${method} is no GET`
            )
        })
        const logout = await signed.send('GET', '/.factorgate/logout?_method=POST', {
          headers: { 'x-http-method-override': 'POST' }
        })
        t.equal(logout.status, 200)
        t.ok(await isIn(signed), 'the portal does not listen either')
      }
    },
    {
      id: 'M28',
      refs: '',
      tried: 'a CORS preflight for a protected path, by nobody and half-way',
      safe: '401 by the gate; nothing upstream; no CORS headers of ours',
      async run(t) {
        const half = await (await somebody()).halfWay(undefined, fixture.host('app'))
        const headers = {
          origin: 'https://evil.test',
          'access-control-request-method': 'DELETE',
          'access-control-request-headers': 'authorization'
        }
        await fixture.nothingUpstream(t, async () => {
          for (const caller of [new Caller(fixture), half])
            for (const target of ['/admin', '/', '/public/x', '/keys/1']) {
              const answer = await caller.send('OPTIONS', app + target, { headers })
              t.equal(answer.status, 401, target)
              t.notOk(answer.headers['access-control-allow-origin'])
            }
        })
        const own = await half.send('OPTIONS', '/.factorgate/login', { headers })
        t.notOk(own.headers['access-control-allow-origin'])
        t.ok(own.status >= 400)
      }
    },
    {
      id: 'M29',
      refs: 'GHSA-gv94-wp4h-vv8p',
      tried: 'Basic, Bearer in odd spellings, API keys, the session’s token and the password in them',
      safe: 'no second door: sign in first; signed in, the app gets its Authorization as it was sent',
      async run(t) {
        const person = await somebody()
        const signed = await person.signedIn(['app'])
        const token = signed.token(fixture.host('app'))
        const basic = Buffer.from(`${person.account.name}:${password}`).toString('base64')
        const doors: Record<string, string>[] = [
          ...['Basic', 'basic', 'BASIC'].map(scheme => ({ authorization: `${scheme} ${basic}` })),
          ...['Bearer ', 'bearer\t', 'BEARER ', 'Bearer  ', 'DPoP ', 'Token ', ''].map(scheme => ({
            authorization: scheme + token
          })),
          { 'proxy-authorization': `Basic ${basic}` },
          { 'x-api-key': token },
          { 'x-auth-token': token },
          { factorgate: token },
          { 'x-factorgate': token },
          { cookie2: `factorgate=${token}` },
          { 'remote-user': person.account.name }
        ]
        await fixture.nothingUpstream(t, async () => {
          for (const headers of doors) {
            t.equal(
              (await new Caller(fixture).send('GET', `${app}/m29`, { headers, cookie: '' })).status,
              401,
              JSON.stringify(headers)
            )
            t.equal(
              (await new Caller(fixture).send('GET', '/.factorgate/account', { headers, cookie: '' })).status,
              401
            )
          }
          for (const query of [`factorgate=${token}`, `access_token=${token}`, `token=${token}`])
            t.equal((await new Caller(fixture).send('GET', `${app}/m29?${query}`, { cookie: '' })).status, 401, query)
        })
        const seen = fixture.up.request()
        await signed.send('GET', `${app}/m29`, { headers: { authorization: 'Bearer of-the-app' } })
        t.same(valuesOf(await seen, 'authorization'), ['Bearer of-the-app'])
        const client = await RawClient.open(gate.port)
        client.send(
          rawGet('/m29', ['Authorization: Basic a', `Authorization: Basic ${basic}`]).replace(
            'app.lab.example',
            fixture.host('app')
          )
        )
        t.match(await client.until('\r\n'), / 400 /, 'two of them cannot be told apart')
        client.socket.destroy()
      }
    },
    {
      id: 'M27',
      refs: '',
      tried: 'after all of the above: secrets, codes, passwords, cookies, tokens in the log, the journal and the store',
      safe: 'none in clear; a sealed secret opens for its own credential alone',
      async run(t) {
        const person = await somebody()
        const codes = await person.issueCodes()
        const invitation = await runtime.invitations.issue(person.account.id)
        const caller = new Caller(fixture)
        await caller.signIn(person.account.name, 'a wrong password of M27')
        await caller.signIn(person.account.name)
        const halfToken = caller.token()
        const code = person.code()
        await caller.totp(code)
        await caller.goOver('app')
        await caller.get(`/.factorgate/invite/${invitation}`)
        await caller.get(`${app}/m27?token=of-the-app-m27`)
        const wrong = person.wrongCode(27)
        await (await person.halfWay()).totp(wrong)
        await new Promise<void>(resolve => setImmediate(resolve))
        const secrets: Record<string, string> = {
          'TOTP secret': person.secret,
          password,
          'wrong password': 'a wrong password of M27',
          'token half-way': halfToken,
          'token at the portal': caller.token(),
          'token at the app': caller.token(fixture.host('app')),
          nonce: caller.jar().get('factorgate-nonce')!,
          invitation,
          'query of an app': 'of-the-app-m27',
          ...Object.fromEntries(codes.map((one, i) => [`recovery code ${i}`, one]))
        }
        const places = { log: JSON.stringify(gate.log), journal: await fixture.journal(), store: await fixture.dump() }
        for (const [place, text] of Object.entries(places)) {
          t.ok(text.includes(person.account.id) || place === 'log', `there is something in the ${place}`)
          for (const [what, secret] of Object.entries(secrets))
            t.notOk(text.includes(secret), `no ${what} in the ${place}`)
        }
        for (const digits of [code, wrong])
          t.notMatch(places.log + places.journal, new RegExp(`"${digits}"|code=${digits}`), 'no code')
        const { keyring } = runtime
        const sealed = keyring.seal('secret', 'totp:a')
        t.throws(() => keyring.open(sealed, 'totp:b'))
      }
    }
  ]
}
