/** THREATS M1 to M7: steps of a sign-in out of order, skipped, or for somebody else. */
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { Caller, codeOf, type Fixture, leadsTo } from '../../fixtures/in-process/callers.ts'
import { formsOf } from '../../fixtures/in-process/person.ts'
import { RawClient } from '../../fixtures/pipeline/forwarding.ts'
import type { Row } from '../table.ts'

/** Every POST of the portal. `ID` stands for somebody's credential, `SESSION` for a session, `TOKEN` for an invitation. */
export const posts = [
  'login',
  'challenge/totp',
  'challenge/recovery',
  'enrol/totp',
  'enrol/totp/new',
  'enrol/recovery',
  'enrol/recovery/saved',
  'webauthn/options',
  'webauthn/verify',
  'account/factors/ID/rename',
  'account/factors/ID/remove',
  'account/password',
  'account/sessions/others/end',
  'account/sessions/SESSION/end',
  'account/programs/new',
  'account/programs/ID/revoke',
  'account/logins/app',
  'account/logins/app/remove',
  'kept/ID/drop',
  'session',
  'sponsor',
  'sponsor/ask',
  'invite/TOKEN',
  'forgotten',
  'reset/TOKEN',
  'reset/password',
  'language',
  'logout'
]

/** All that only somebody who is signed in may see. */
const pages = [
  '',
  'account',
  'account/not-me',
  'enrol/recovery',
  'enrol/second',
  'enrol/done',
  'account/factors/ID/remove',
  'account/password'
]

export function stepRows(fixture: Fixture): Row[] {
  const { gate, time, runtime } = fixture
  const app = gate.origin('app')
  const somebody = (options?: Parameters<Fixture['person']>[1]) => fixture.somebody(options)
  const isIn = async (caller: Caller) => (await caller.get('/.factorgate/account')).status === 200

  return [
    {
      id: 'M1',
      refs: 'CVE-2026-32246 GHSA-3q28-qjrv-qr39',
      tried: 'a session after the password alone, everywhere: apps, sockets, account, enrolment, forward-auth',
      safe: 'the challenge and the way out answer; nothing upstream',
      async run(t) {
        const { account } = await somebody()
        const alice = fixture.runtime
        const caller = await (await fixture.person('m1')).halfWay()
        await fixture.nothingUpstream(t, async () => {
          // Such a token is never made for an app's host; one is made here all the same.
          const at = fixture.time.now
          const { token } = await alice.sessions.start({
            accountId: account.id,
            proof: { kind: 'password', at, userVerified: false },
            device: { userAgent: '', address: '127.0.0.1' },
            host: fixture.host('app')
          })
          for (const cookie of [`factorgate=${token}`, `factorgate=${caller.token()}`]) {
            for (const target of ['/', '/x/y', '/keys/1', '/publicity', '/a?b=/public/x']) {
              const page = await caller.send('GET', app + target, {
                cookie,
                headers: { accept: 'text/html', 'sec-fetch-mode': 'navigate' }
              })
              t.equal(page.status, 302, `${target} is sent to the portal`)
              t.match(page.headers.location, new RegExp(`^${gate.portal}/\\.factorgate/(?:challenge|login)\\?`))
              for (const method of ['GET', 'POST', 'PUT', 'DELETE', 'PROPFIND', 'OPTIONS', 'HEAD'])
                t.equal((await caller.send(method, app + target, { cookie })).status, 401, `${method} ${target}`)
            }
            const socket = await RawClient.open(gate.port)
            socket.send(
              `GET /socket HTTP/1.1\r\nHost: ${fixture.host('app')}\r\nCookie: ${cookie}\r\nOrigin: ${app}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`
            )
            t.match(await socket.rest(), /^HTTP\/1\.1 401 /, 'a WebSocket is refused and its connection ended')
          }
        })
        for (const page of pages) {
          const answer = await caller.get(`/.factorgate/${page.replace('ID', 'A'.repeat(22))}`)
          t.equal(leadsTo(answer), `${gate.portal}/.factorgate/challenge`, `/${page} asks for the second factor`)
        }
        for (const page of ['enrol', 'enrol/totp', 'enrol/webauthn'])
          t.equal(leadsTo(await caller.get(`/.factorgate/${page}`)), '/.factorgate/challenge', page)
        t.equal((await caller.get('/.factorgate/auth')).status, 403, 'forward-auth answers trusted proxies alone')
        t.equal((await caller.get('/.factorgate/challenge')).status, 200)
        t.equal(leadsTo(await caller.post('/.factorgate/logout')), `${gate.portal}/.factorgate/signed-out`)
      }
    },
    {
      id: 'M2',
      refs: 'CVE-2026-49448 GHSA-xp7f-xjjx-gwm8 CVE-2026-54730',
      tried:
        'a second factor that is empty, missing, repeated, a list or an object; a WebAuthn answer without a ceremony',
      safe: 'refused, counted, still half-way',
      async run(t) {
        const person = await somebody()
        const form = { 'content-type': 'application/x-www-form-urlencoded' }
        const bodies = [
          '',
          'code=',
          'code',
          'code[]=',
          'code[]=RIGHT',
          'code.0=RIGHT',
          'code=RIGHT&code=RIGHT',
          'Code=RIGHT',
          'code=%00RIGHT',
          'code=null',
          'code=true',
          'code=undefined',
          'code={"$gt":""}'
        ]
        for (const body of bodies) {
          const [address] = await person.knownAddresses(1)
          const caller = await person.halfWay(address)
          const text = `csrf=${caller.csrf()}&${body.replaceAll('RIGHT', person.code())}`
          const answer = await caller.send('POST', '/.factorgate/challenge/totp', { headers: form, body: text })
          t.same([answer.status, codeOf(answer)], [401, 'wrong_code'], body || 'nothing')
          t.notOk(await isIn(caller), 'still half-way')
          await Promise.all([1, 2, 3].map(() => caller.totp('x')))
          t.equal((await caller.totp('x')).status, 429, `${body || 'nothing'} was counted like a wrong code`)
        }
        const caller = await person.halfWay()
        for (const value of [{}, { code: null }, { code: true }, { code: [] }, { code: person.code() }])
          t.equal((await caller.json('/.factorgate/challenge/totp', value)).status, 415, JSON.stringify(value))
        t.equal((await caller.send('POST', '/.factorgate/challenge/totp')).status, 415, 'no body and no type')
        const answers = [
          await caller.verify('challenge', 'A'.repeat(43), {}),
          await caller.verify('challenge', '', {}),
          await caller.verify('challenge', null, {}),
          await caller.verify('challenge', 'A'.repeat(43), null),
          await caller.json('/.factorgate/webauthn/verify?for=challenge')
        ]
        t.same(
          answers.map(({ status }) => status),
          [401, 401, 400, 400, 400],
          'WebAuthn without a ceremony'
        )
        t.notOk(await isIn(caller))
      }
    },
    {
      id: 'M3',
      refs: 'CVE-2026-56256',
      tried: 'each of the portal’s POSTs directly, by nobody and by somebody half-way, with a valid CSRF token',
      safe: 'refused by the server, nothing changed',
      async run(t) {
        // One registration stands for both codes of a challenge.
        t.same(await postsInSource(), posts.length - 1, 'no POST is missing from this list')
        const person = await somebody()
        const signed = await person.signedIn()
        const [credential] = await runtime.credentials.list(person.account.id)
        const session = signed.principal!.session.id
        const paths = posts
          .filter(
            one =>
              // What is kept belongs to a browser, and `session` only prolongs one that stands.
              !['login', 'logout', 'invite/TOKEN', 'language', 'kept/ID/drop', 'session'].includes(one) &&
              !/^(?:challenge|forgotten|reset)/.test(one)
          )
          .map(one => one.replace('ID', credential!.id).replace('SESSION', session))
        const before = await runtime.credentials.list(person.account.id)
        for (const [who, caller] of [
          ['nobody', new Caller(fixture)],
          ['half-way', await person.halfWay()]
        ] as const) {
          for (const one of paths) {
            const at = `/.factorgate/${one}`
            const answer = one.startsWith('webauthn/')
              ? await caller.json(`${at}?for=enrol`, { ceremony: 'A'.repeat(43), response: {} })
              : await caller.post(at, { name: 'x', code: person.code(), saved: 'yes', ceremony: 'A'.repeat(43) })
            t.ok(
              answer.status === 401 || answer.status === 403 || answer.status === 302,
              `${who} ${one}: ${answer.status}`
            )
            if (answer.status === 302)
              t.match(answer.headers.location, /\.factorgate\/(?:login|challenge)\?/, `${who} ${one}`)
          }
          t.same(await runtime.credentials.list(person.account.id), before, `${who}: the factors stand as they did`)
          t.ok(await isIn(signed), `${who}: the session of the person stands`)
        }
      }
    },
    {
      id: 'M4',
      refs: 'CVE-2026-44460',
      tried: 'the secret of an enrolled authenticator app, asked for half-way and signed in',
      safe: 'shown at enrolment and never again',
      async run(t) {
        const person = await somebody()
        const half = await person.halfWay()
        for (const one of ['enrol/totp', 'enrol', 'enrol/recovery', 'enrol/webauthn'])
          t.match((await half.get(`/.factorgate/${one}`)).headers.location, /\/\.factorgate\/challenge/, one)
        t.equal((await half.post('/.factorgate/enrol/totp', { code: '1' })).status, 403)
        const whole = await person.signedIn()
        const spoken = [person.secret, person.secret.match(/.{1,4}/g)!.join(' ')]
        for (const one of ['account', 'enrol', 'enrol/totp', 'enrol/webauthn', 'enrol/recovery', '']) {
          const { status, body } = await whole.get(`/.factorgate/${one}`)
          t.equal(status, 200, one)
          for (const text of spoken) t.notOk(body.includes(text), `/${one} does not show it`)
        }
        t.match((await whole.get('/.factorgate/enrol/totp')).body, /id="totp-secret"/, 'only a new one')
      }
    },
    {
      id: 'M5',
      refs: 'GHSA-qgqp-xh8r-v73r',
      tried: 'somebody with a password and no factor enrols one; names and addresses in the request',
      safe: 'an invitation is needed; who and what it is for is the server’s to say',
      async run(t) {
        const person = await somebody({ factor: false })
        const half = await person.halfWay()
        for (const one of ['enrol', 'enrol/totp', 'enrol/webauthn'])
          t.same(codeOf(await half.get(`/.factorgate/${one}`)), 'enrolment_not_allowed', one)
        t.same(codeOf(await half.post('/.factorgate/enrol/totp', { code: '123456' })), 'enrolment_not_allowed')
        t.same(codeOf(await half.json('/.factorgate/webauthn/options?for=enrol')), 'enrolment_not_allowed')
        t.equal(
          (await half.get('/.factorgate/challenge')).status,
          403,
          'the challenge is a dead end, and says whom to ask'
        )

        const invited = await person.proved(['invitation', 'password'])
        const claims = { username: 'fence', user: { id: 'evil' }, rpId: 'evil.test', issuer: 'Evil', accountId: 'evil' }
        const { options } = JSON.parse((await invited.json('/.factorgate/webauthn/options?for=enrol', claims)).body)
        t.same([options.user.id, options.user.name], [person.account.id, person.account.name])
        t.equal(options.rp.id, 'gate.localhost')
        const query = '?username=fence&issuer=Evil&secret=AAAAAAAAAAAAAAAA'
        const { body } = await invited.get(`/.factorgate/enrol/totp${query}`)
        t.notMatch(body, /Evil|fence|AAAAAAAAAAAAAAAA/)
      }
    },
    {
      id: 'M6',
      refs: '',
      tried: 'an enrolment confirmed with a secret of the attacker’s own; one that waited longer than ten minutes',
      safe: 'the secret kept by the server counts, for ten minutes',
      async run(t) {
        const person = await somebody()
        const caller = await person.signedIn()
        const page = await caller.get('/.factorgate/enrol/totp')
        const form = formsOf(page.body).find(({ names }) => names.includes('code'))!
        const { ceremony = '' } = form.hidden
        // The person's other secret, which the attacker may know.
        const answer = await caller.post('/.factorgate/enrol/totp', {
          ceremony,
          code: person.code(),
          name: 'x',
          secret: person.secret,
          credentialId: 'x'
        })
        t.equal(answer.status, 401)
        t.equal((await runtime.credentials.list(person.account.id)).length, 1)
        const shown = /id="totp-secret"[^>]*>([^<]*)</.exec(page.body)![1]!.replace(/\s/g, '')
        time.advance(601)
        const late = await person.signedIn()
        const other = Object.assign(Object.create(person), { secret: shown }) as typeof person
        t.equal((await late.post('/.factorgate/enrol/totp', { ceremony, code: other.code(), name: 'x' })).status, 401)
        t.equal((await runtime.credentials.list(person.account.id)).length, 1)
      }
    },
    {
      id: 'M7',
      refs: 'CVE-2022-23555',
      tried:
        'an invitation for somebody else, twice, late, after a newer one, for a suspended account, as a cookie or code',
      safe: 'sets one password, for its own account and purpose, and resumes beside that password until the first factor stands',
      async run(t) {
        const [ada, ben] = [await somebody({ factor: false }), await somebody({ factor: false })]
        const { invitations } = runtime
        const accept = (token: string, more = {}) =>
          new Caller(fixture).post(`/.factorgate/invite/${token}`, { password: 'a new battery staple', ...more })
        const first = await invitations.issue(ada.account.id)
        const token = await invitations.issue(ada.account.id)
        t.equal((await accept(first)).status, 410, 'an older one is dead')
        const who = { username: ben.account.name, account: ben.account.id, accountId: ben.account.id }
        const caller = new Caller(fixture)
        const used = await caller.post(`/.factorgate/invite/${token}`, { password: 'a new battery staple', ...who })
        t.equal(leadsTo(used), '/.factorgate/enrol')
        t.equal((await runtime.sessions.list(ben.account.id)).length, 0)
        t.equal((await runtime.sessions.list(ada.account.id)).length, 1, 'it opened its own account')
        t.notOk(await isIn(caller), 'and not all of that: a factor must be enrolled')
        t.equal((await caller.json('/.factorgate/webauthn/options?for=enrol')).status, 200)
        // Until the first factor stands, link and password together resume (FIELD G2); neither does alone.
        t.equal((await accept(token, { password: 'another battery staple' })).status, 401, 'twice, to set a password')
        t.equal((await new Caller(fixture).signIn(ben.account.name)).status, 303, 'the other’s password is what it was')

        const late = await invitations.issue(ada.account.id)
        t.equal((await accept(token)).status, 410, 'used, and replaced')
        for (const cookie of [`factorgate=${late}`, `factorgate-nonce=${late}`])
          t.equal((await caller.send('GET', '/.factorgate/account', { cookie })).status, 401, 'as a cookie')
        t.equal((await caller.get(`/.factorgate/callback?code=${late}`)).status, 403, 'as a hand-over code')
        time.advance(24 * 3600 + 1)
        t.equal((await accept(late)).status, 410, 'a day later')
        const shut = await invitations.issue(ben.account.id)
        await runtime.accounts.suspend(ben.account.id, 'test')
        t.equal((await accept(shut)).status, 410, 'suspended')
      }
    }
  ]
}

/** How many POST routes the portal's source registers. */
/** Those of `institutions/` are for the institutions' servers and hold their own signatures. */
async function postsInSource(): Promise<number> {
  const folder = path.join(import.meta.dirname, '../../../plugins/portal')
  const files = readdirSync(folder).filter(name => /\.tsx?$/.test(name))
  return files.reduce(
    (sum, name) => sum + readFileSync(path.join(folder, name), 'utf8').split(/\bscope\.post\(/).length - 1,
    0
  )
}
