/** THREATS A4: signing in, the second factor, and everything that promises a way around it, against one running gate. */
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { pino } from 'pino'
import t from 'tap'
import { loadConfig } from '../../config/load.ts'
import { AccountError } from '../../src/identity/accounts.ts'
import { removeEverythingOf } from '../../src/identity/removal.ts'
import { Server } from '../../src/server.ts'
import { RawClient, get as rawGet } from '../forwarding/gate.ts'
import { startGateway } from '../helpers/gateway.ts'
import { formsOf } from '../helpers/person.ts'
import { valuesOf } from '../helpers/upstream.ts'
import { Caller, codeOf, elsewhere, House, leadsTo, newKey, password, tally } from './house.ts'
import { type Row, tryAll } from './table.ts'

t.test('A4 login, second factor, TOTP', async t => {
  const house = await House.start(t, { extra: 'session: { maxPerUser: 500 }' })
  await tryAll(t, rows(house))
})

/** Every POST of the portal. `ID` stands for somebody's credential, `SESSION` for a session, `TOKEN` for an invitation. */
const posts = [
  'login',
  'challenge/totp',
  'challenge/recovery',
  'enrol/totp',
  'enrol/recovery',
  'enrol/recovery/saved',
  'webauthn/options',
  'webauthn/verify',
  'account/factors/ID/rename',
  'account/factors/ID/remove',
  'account/sessions/others/end',
  'account/sessions/SESSION/end',
  'invite/TOKEN',
  'logout'
]

/** All that only somebody who is signed in may see. */
const pages = ['', 'account', 'account/not-me', 'enrol/recovery', 'account/factors/ID/remove']

function rows(house: House): Row[] {
  const { gate, time, runtime } = house
  const app = gate.origin('app')
  let people = 0
  const somebody = (options?: Parameters<House['person']>[1]) => house.person(`person${++people}`, options)
  const isIn = async (caller: Caller) => (await caller.get('/.factorgate/account')).status === 200

  const onlyFactor = async (accountId: string) => (await runtime.credentials.list(accountId))[0]?.id ?? ''

  return [
    {
      id: 'M1',
      refs: 'CVE-2026-32246 GHSA-3q28-qjrv-qr39',
      tried: 'a session after the password alone, everywhere: apps, sockets, account, enrolment, forward-auth',
      safe: 'the challenge and the way out answer; nothing upstream',
      async run(t) {
        const { account } = await somebody()
        const alice = house.runtime
        const caller = await (await house.person('m1')).halfWay()
        await house.nothingUpstream(t, async () => {
          // Such a token is never made for an app's host; one is made here all the same.
          const at = house.time.now
          const { token } = await alice.sessions.start({
            accountId: account.id,
            proof: { kind: 'password', at, userVerified: false },
            device: { userAgent: '', address: '127.0.0.1' },
            host: house.host('app')
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
              `GET /socket HTTP/1.1\r\nHost: ${house.host('app')}\r\nCookie: ${cookie}\r\nOrigin: ${app}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`
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
      refs: 'CVE-2026-49443 GHSA-xp7f-xjjx-gwm8 CVE-2026-54730',
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
        t.same(await postsInSource(), posts.length, 'no POST is missing from this list')
        const person = await somebody()
        const signed = await person.signedIn()
        const [credential] = await runtime.credentials.list(person.account.id)
        const session = signed.principal!.session.id
        const paths = posts
          .filter(one => !['login', 'logout', 'invite/TOKEN'].includes(one) && !one.startsWith('challenge'))
          .map(one => one.replace('ID', credential!.id).replace('SESSION', session))
        const before = await runtime.credentials.list(person.account.id)
        for (const [who, caller] of [
          ['nobody', new Caller(house)],
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
      safe: 'good once, for its own account and purpose',
      async run(t) {
        const [ada, ben] = [await somebody({ factor: false }), await somebody({ factor: false })]
        const { invitations } = runtime
        const accept = (token: string, more = {}) =>
          new Caller(house).post(`/.factorgate/invite/${token}`, { password: 'a new battery staple', ...more })
        const first = await invitations.issue(ada.account.id)
        const token = await invitations.issue(ada.account.id)
        t.equal((await accept(first)).status, 410, 'an older one is dead')
        const who = { username: ben.account.name, account: ben.account.id, accountId: ben.account.id }
        const caller = new Caller(house)
        const used = await caller.post(`/.factorgate/invite/${token}`, { password: 'a new battery staple', ...who })
        t.equal(leadsTo(used), '/.factorgate/enrol')
        t.equal((await runtime.sessions.list(ben.account.id)).length, 0)
        t.equal((await runtime.sessions.list(ada.account.id)).length, 1, 'it opened its own account')
        t.notOk(await isIn(caller), 'and not all of that: a factor must be enrolled')
        t.equal((await caller.json('/.factorgate/webauthn/options?for=enrol')).status, 200)
        t.equal((await accept(token)).status, 410, 'twice')
        t.equal((await new Caller(house).signIn(ben.account.name)).status, 303, 'the other’s password is what it was')

        const late = await invitations.issue(ada.account.id)
        for (const cookie of [`factorgate=${late}`, `factorgate-nonce=${late}`])
          t.equal((await caller.send('GET', '/.factorgate/account', { cookie })).status, 401, 'as a cookie')
        t.equal((await caller.get(`/.factorgate/callback?code=${late}`)).status, 403, 'as a hand-over code')
        time.advance(24 * 3600 + 1)
        t.equal((await accept(late)).status, 410, 'a day later')
        const shut = await invitations.issue(ben.account.id)
        await runtime.accounts.suspend(ben.account.id, 'test')
        t.equal((await accept(shut)).status, 410, 'suspended')
      }
    },
    {
      id: 'M8',
      refs: 'RFC 6238 §5.2 CVE-2026-27855',
      tried: 'a code once more in its step, from another browser, with blanks; the step before after this one was used',
      safe: 'refused: no step up to the last used one is good again',
      async run(t) {
        const person = await somebody()
        const [home] = await person.knownAddresses(1)
        const code = person.code()
        const first = await person.halfWay(home)
        t.equal((await first.totp(code)).status, 303)
        t.equal((await first.post('/.factorgate/logout')).status, 303)
        for (const again of [code, `${code.slice(0, 3)} ${code.slice(3)}`, person.code(-1)]) {
          const [address] = await person.knownAddresses(1)
          t.equal((await (await person.halfWay(address)).totp(again)).status, 401, again)
        }
        time.advance(30)
        t.equal((await (await person.halfWay(home)).totp(code)).status, 401, 'in the tolerance of the next step')
        t.equal((await (await person.halfWay(home)).totp(person.code())).status, 303, 'the next one is good')
      }
    },
    {
      id: 'M9',
      refs: '',
      tried: 'one right code fifty times at once, on fifty sessions and on one, from places that are counted apart',
      safe: 'exactly one is let in (races.test.ts: on two gates and a Redis)',
      async run(t) {
        for (const [what, spread] of [
          ['fifty sessions', true],
          ['one session', false]
        ] as const) {
          const person = await somebody()
          const places = await person.knownAddresses(50)
          const one = await person.halfWay(places[0])
          const callers = await Promise.all(
            places.map(async place => {
              if (spread) return person.halfWay(place)
              const caller = new Caller(house, place)
              for (const [name, value] of one.jar()) caller.jar().set(name, value)
              return caller
            })
          )
          const code = person.code()
          const answers = await Promise.all(callers.map(caller => caller.totp(code)))
          t.equal(tally(answers)[303], 1, `${what}: ${JSON.stringify(tally(answers))}`)
          t.equal((await runtime.credentials.list(person.account.id))[0]?.disabledAt, null)
        }
      }
    },
    {
      id: 'M10',
      refs: 'CVE-2026-56450 CVE-2025-60424 CVE-2026-7671 CVE-2024-21500 GHSA-vfph-hjfv-cpv2 NIST SP 800-63B-4 §3.2.2',
      tried: 'wrong second factors without end: over new sessions and addresses, patiently, of each kind',
      safe: 'a few, then waiting that outlives session and address; a hundred, then the factor is off for good',
      async run(t) {
        const person = await somebody()
        const [code = ''] = await person.issueCodes()
        const kinds = {
          totp: { wrong: person.wrongCode(1), right: () => person.code() },
          recovery: { wrong: '0000-0000-0000-0000-0000-0000', right: () => code }
        }
        for (const kind of ['totp', 'recovery'] as const) {
          const { wrong, right } = kinds[kind]
          const guess = async (text: string) => (await person.halfWay())[kind](text)
          const hasty = tally(await inTurn(20, () => guess(wrong)))
          t.same(hasty, { 401: 4, 429: 16 }, `${kind}: of twenty in a row, from twenty sessions and addresses`)
          t.equal((await guess(right())).status, 429, 'the right one waits as well, and so tells nothing')
          const patient: number[] = []
          for (let tries = 4; tries < 100; tries++) {
            time.advance(301)
            patient.push((await guess(wrong)).status)
          }
          t.notOk(patient.includes(429) || patient.includes(303), `${kind}: a guess every five minutes is checked`)
          time.advance(301)
          t.not((await guess(right())).status, 303, `${kind}: after a hundred the right one is refused`)
        }
        t.ok((await runtime.credentials.list(person.account.id))[0]?.disabledAt, 'switched off')
        t.match(await house.journal(), /"kind":"factor\.disable"[^\n]*"factor":"totp"/, 'and journaled')
        t.match(await house.journal(), /"kind":"factor\.disable"[^\n]*"factor":"recovery"/)
      }
    },
    {
      id: 'M11',
      refs: '',
      tried: 'the right password between wrong codes, over and over',
      safe: 'buys no guess: neither count starts anew before both factors were right',
      async run(t) {
        const person = await somebody()
        const seen: string[] = []
        const address = elsewhere()
        for (let i = 0; i < 12; i++) {
          const caller = new Caller(house, address)
          const first = await caller.signIn(person.account.name)
          seen.push(
            first.status === 303 ? `in ${(await caller.totp(person.wrongCode(i))).status}` : String(first.status)
          )
        }
        t.same(seen.slice(0, 4), Array(4).fill('in 401'))
        t.ok(
          seen.slice(4).every(one => one === '429'),
          seen.join()
        )
        time.advance(300)
        const caller = new Caller(house, address)
        t.equal((await caller.signIn(person.account.name)).status, 303)
        t.equal((await caller.totp(person.code())).status, 303, 'a whole sign-in')
        const again = new Caller(house, address)
        t.equal((await again.signIn(person.account.name)).status, 303, 'and the counts begin anew')
      }
    },
    {
      id: 'M12',
      refs: '',
      tried: 'a hundred wrong codes at once, with one guess left',
      safe: 'one is checked (races.test.ts: on two gates and a Redis)',
      async run(t) {
        const person = await somebody()
        for (let i = 0; i < 3; i++) t.equal((await (await person.halfWay()).totp(person.wrongCode(i))).status, 401)
        const callers = await inTurn(100, () => person.halfWay())
        const answers = await Promise.all(callers.map((caller, i) => caller.totp(person.wrongCode(i))))
        t.same(tally(answers), { 401: 1, 429: 99 })
      }
    },
    {
      id: 'M13',
      refs: 'CVE-2025-24806 GHSA-m5mf-3963-4x26',
      tried: 'guesses by name and by e-mail address in turn',
      safe: 'an address is nobody’s name, so it buys no guess at all',
      async run(t) {
        const person = await somebody()
        const { name, email } = person.account
        t.equal((await new Caller(house).signIn(email!)).status, 401, 'not even with the right password')
        const seen: number[] = []
        for (let i = 0; i < 8; i++) {
          seen.push((await new Caller(house).signIn(name, `wrong password ${i}`)).status)
          await new Caller(house).signIn(email!, `wrong password ${i}`)
        }
        t.same(seen, [401, 401, 401, 401, 429, 429, 429, 429])
      }
    },
    {
      id: 'M14',
      refs: 'CVE-2026-47203 GHSA-hjj4-hfjm-fmrj CVE-2026-32595 CVE-2026-41263',
      tried: 'one name in many spellings; names with what cannot be seen',
      safe: 'one bucket, or nobody (times: npm run threats -- timing)',
      async run(t) {
        const person = await somebody()
        const { name } = person.account
        const wide = [...name].map(c => String.fromCodePoint(c.charCodeAt(0) + 0xfee0)).join('')
        const alike = [
          name,
          name.toUpperCase(),
          `${name} `,
          ` ${name}`,
          wide,
          `\t${name}`,
          `${name[0]!.toUpperCase()}${name.slice(1)}`
        ]
        const seen: number[] = []
        for (const spelling of alike) seen.push((await new Caller(house).signIn(spelling, 'wrong password')).status)
        t.same(seen, [401, 401, 401, 401, 429, 429, 429])
        for (const other of [
          `${name}\u200b`,
          `${name}\0`,
          `\u202e${name}`,
          `${name}\u0301`,
          `${name}\r\n`,
          `${name}%00`,
          name.replace('e', '\u0435')
        ]) {
          if (other.trim() === name) continue
          t.equal((await new Caller(house).signIn(other)).status, 401, JSON.stringify(other))
        }
      }
    },
    {
      id: 'M15',
      refs: 'CVE-2023-39522 ASVS 6.3.8',
      tried: 'an unknown name, a wrong password, a suspended person with the right one, a person without a factor',
      safe: 'the same bytes and status; what is missing is told to nobody before the password was right',
      async run(t) {
        const known = await house.person('same-name-1')
        const suspended = await house.person('same-name-2')
        await runtime.accounts.suspend(suspended.account.id, 'test')
        const bare = await house.person('same-name-3', { factor: false })
        const unset = await gate.account('same-name-4')
        const caller = new Caller(house)
        const strip = (text: string) => text.replaceAll(/same-name-\d|nobody-at-a/g, 'NAME')
        const told = async (name: string, secret: string) => {
          const { status, lines, body } = await caller.signIn(name, secret)
          return strip(`${status}\n${lines.filter(line => !/^date:/i.test(line)).join('\n')}\n\n${body}`)
        }
        const reference = await told('nobody-at-a', 'wrong password')
        t.match(reference, /^401\n/)
        t.match(reference, /value="NAME"/, 'the name that was typed stands in the field')
        t.equal(await told(known.account.name, 'wrong password'), reference, 'a wrong password')
        t.equal(await told(suspended.account.name, 'wrong password'), reference, 'suspended, a wrong password')
        t.equal(await told(suspended.account.name, password), reference, 'suspended, the right password')
        t.equal(await told(bare.account.name, 'wrong password'), reference, 'no factor, a wrong password')
        t.equal(await told(unset.name, 'wrong password'), reference, 'no password was ever set')
        const way = async (name: string) => {
          const { status, headers, body } = await new Caller(house).signIn(name)
          return [status, headers.location, body]
        }
        t.same(await way(bare.account.name), await way(known.account.name), 'with the right password, too')
        const stem = (line: string) =>
          line.replace(/"(?:at|seq|request|ms|prev|session|address|account|name)":[^,}]*/g, '')
        t.notMatch(stem(await house.journal()), /wrong password/)
      }
    },
    {
      id: 'M16',
      refs: 'CVE-2026-40574 GHSA-c5c4-8r6x-56w3',
      tried: 'names with two @, blanks, line ends, commas, quotes',
      safe: 'nobody can have such a name, nor sign in by it',
      async run(t) {
        const names = [
          'a@evil@corp.test',
          'a b',
          'a\r\nb',
          'a,b',
          '"a"',
          "a'b",
          'a/b',
          'a\\b',
          'a;b',
          '@corp.test',
          'a@',
          '.a',
          'a:b',
          '*',
          '..',
          'a@corp..test@x',
          'a%40corp',
          ''
        ]
        for (const name of names) {
          await t.rejects(gate.account(name), AccountError, JSON.stringify(name))
          t.equal((await new Caller(house).signIn(name)).status, 401, JSON.stringify(name))
        }
      }
    },
    {
      id: 'M17',
      refs: 'ASVS 6.1.1',
      tried: 'two hundred wrong passwords from afar, and wrong codes by who has the password',
      safe: 'the person gets in from where they usually are, at once',
      async run(t) {
        const person = await somebody()
        const [home] = await person.knownAddresses(1)
        const afar = elsewhere()
        const answers = await inTurn(200, i =>
          new Caller(house, afar).signIn(person.account.name, `wrong password ${i}`)
        )
        t.same(tally(answers), { 401: 4, 429: 196 })
        await inTurn(6, i => person.halfWay().then(caller => caller.totp(person.wrongCode(i))))
        const caller = new Caller(house, home)
        t.equal((await caller.signIn(person.account.name)).status, 303)
        t.equal((await caller.totp(person.code())).status, 303)
        time.advance(300)
        t.equal((await new Caller(house, afar).signIn(person.account.name)).status, 303, 'from anywhere after a while')
      }
    },
    {
      id: 'M18',
      refs: 'RFC 6238 §5.2 §6 ASVS 6.5.5',
      tried: 'the codes of three steps to either side',
      safe: 'this step and one beside it (`skew: 1`); with `skew: 0` this step alone',
      async run(t) {
        const person = await somebody()
        const enter = async (steps: number) => {
          const [address] = await person.knownAddresses(1)
          return (await (await person.halfWay(address)).totp(person.code(steps))).status
        }
        for (const steps of [-3, -2, 2, 3]) t.equal(await enter(steps), 401, `T${steps}`)
        for (const steps of [-1, 0, 1]) t.equal(await enter(steps), 303, `T${steps}`)
        time.advance(90)
        t.equal(await enter(-1), 401, 'what was typed before its time is spent, too')

        const strict = await loadConfig({ file: gate.configFile, env: {}, cwd: gate.folder })
        if (strict.kind === 'bad') throw new Error('the configuration is bad')
        const { config } = strict
        await gate.server.reload({
          ...config,
          factors: { ...config.factors, totp: { ...config.factors.totp, skew: 0 } }
        })
        time.advance(300)
        for (const steps of [-1, 1]) t.equal(await enter(steps), 401, `T${steps} with skew 0`)
        t.equal(await enter(0), 303, 'T with skew 0')
        await gate.server.reload(config)
      }
    },
    {
      id: 'M19',
      refs: '',
      tried: 'codes of other lengths and other digits',
      safe: '401, counted, never 500; blanks and dashes between ASCII digits are the person’s hand',
      async run(t) {
        const person = await somebody()
        const code = () => person.code()
        const arabic = (text: string) => [...text].map(d => String.fromCodePoint(0x660 + Number(d))).join('')
        const wide = (text: string) => [...text].map(d => String.fromCodePoint(0xff10 + Number(d))).join('')
        const cases = [
          code().slice(1),
          `${code()}0`,
          `0${code()}`,
          arabic(code()),
          wide(code()),
          `${code()}\n`,
          `${code()}\0`,
          `+${code()}`,
          `${code()}.0`,
          `0x${Number(code()).toString(16)}`,
          '１２３４５６',
          '',
          ' ',
          'undefined',
          'NaN',
          'x'.repeat(10_000)
        ]
        for (const text of cases) {
          const [address] = await person.knownAddresses(1)
          const caller = await person.halfWay(address)
          t.equal((await caller.totp(text)).status, 401, JSON.stringify(text.slice(0, 20)))
          t.same(
            tally([await caller.totp('x'), await caller.totp('x'), await caller.totp('x'), await caller.totp('x')]),
            { 401: 3, 429: 1 },
            'counted'
          )
        }
        const [address] = await person.knownAddresses(1)
        t.equal((await (await person.halfWay(address)).totp(` ${code().slice(0, 3)}-${code().slice(3)} `)).status, 303)
        t.notOk(
          gate.log.some(({ level }) => Number(level) >= 50),
          'nothing went wrong inside'
        )
      }
    },
    {
      id: 'M20',
      refs: 'ASVS 6.3.4',
      tried:
        'TOTP and recovery where the app takes keys alone: with and without the address on the way, another `method`',
      safe: 'refused on the way; and what was proved elsewhere opens nothing there',
      async run(t) {
        const person = await somebody()
        const [code = '', second = ''] = await person.issueCodes()
        await (await person.signedIn()).enrol(newKey(house))
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
        await house.nothingUpstream(t, async () => {
          const answer = await caller.get(`${app}/keys/1`)
          t.match(answer.headers.location, new RegExp(`^${gate.portal}/\\.factorgate/challenge\\?`))
          t.equal((await caller.send('GET', `${app}/keys/1`)).status, 401)
        })
      }
    },
    {
      id: 'M21',
      refs: 'NIST SP 800-63B-4 §3.1.2 §4.2',
      tried:
        'a recovery code twice, at once, another person’s, an old list’s, in other spellings; the store’s copy of it',
      safe: 'good once, for its owner; 120 bits, kept as sealed hashes; journaled',
      async run(t) {
        const [ada, ben] = [await somebody(), await somebody()]
        const [old = ''] = await ada.issueCodes()
        const [one = '', two = '', three = ''] = await ada.issueCodes()
        t.match(one, /^(?:[0-9a-hjkmnp-tv-z]{4}-){5}[0-9a-hjkmnp-tv-z]{4}$/, '24 symbols of 5 bits')
        t.equal((await (await ben.halfWay()).recovery(one)).status, 401, 'somebody else’s')
        t.equal((await (await ada.halfWay()).recovery(old)).status, 401, 'of a list that was replaced')
        t.equal((await (await ada.halfWay()).recovery(one)).status, 303)
        for (const again of [one, one.toUpperCase(), one.replaceAll('-', ''), one.replaceAll('-', ' ')]) {
          const [address] = await ada.knownAddresses(1)
          t.equal((await (await ada.halfWay(address)).recovery(again)).status, 401, again)
        }
        const [address] = await ada.knownAddresses(1)
        t.equal((await (await ada.halfWay(address)).recovery(` ${two.toUpperCase().replaceAll('-', '')} `)).status, 303)
        const places = await ada.knownAddresses(30)
        const callers = await Promise.all(places.map(place => ada.halfWay(place)))
        t.equal(tally(await Promise.all(callers.map(caller => caller.recovery(three))))[303], 1, 'of thirty at once')
        const dump = (await house.dump()).toLowerCase()
        for (const code of [one, two, three])
          t.notOk(dump.includes(code) || dump.includes(code.replaceAll('-', '')), 'not in the store')
        t.match(
          await house.journal(),
          new RegExp(`"kind":"proof"[^\\n]*"account":"${ada.account.id}"[^\\n]*"factor":"recovery"`)
        )
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
        t.equal((await caller.post(`/.factorgate/account/factors/${second}/remove`)).status, 303)
        await person.signedIn()
        t.match(
          (await caller.get('/.factorgate/account?done=removed')).body,
          /sessions\/others\/end/,
          'others are offered'
        )
        t.match(await house.journal(), new RegExp(`"kind":"factor\\.remove"[^\\n]*"account":"${person.account.id}"`))
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
        await house.nothingUpstream(t, async () => {
          t.same(codeOf(await caller.get(inOther)), 'not_allowed', 'groups')
        })
        t.equal((await caller.get(inApp)).status, 200)
        t.same(valuesOf(house.up.requests.at(-1)!, 'remote-groups'), ['researchers'], 'the app hears of the new groups')
        await runtime.accounts.suspend(id, 'test')
        await house.nothingUpstream(t, async () => {
          t.equal((await caller.send('GET', inApp)).status, 401, 'suspended, at the app')
          t.equal((await caller.send('GET', '/.factorgate/account')).status, 401, 'suspended, at the portal')
          t.match((await caller.totp(person.code())).headers.location, /\/\.factorgate\/login\?/)
          t.equal((await new Caller(house).signIn(person.account.name)).status, 401, 'suspended, at the door')
        })
        await runtime.accounts.resume(id)
        const again = await person.signedIn(['app'])
        t.equal((await again.get(inApp)).status, 200)
        const { accounts, credentials, local, invitations } = runtime
        await removeEverythingOf(id, { accounts, belongings: [credentials, local, invitations] })
        await house.nothingUpstream(t, async () => {
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
          apps: `  - { id: app, url: "http://app.localhost:PORT", upstream: "${house.up.origin}" }`
        })
        const before = house.up.bytes().length
        t.equal((await empty.request('GET', `${empty.origin('app')}/`)).status, 401)
        t.same(await empty.server.runtime.accounts.list(), [], 'no account comes with it')
        t.equal(house.up.bytes().length, before)
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
        for (const caller of [new Caller(house), signed]) {
          const seen = house.up.request()
          const answer = await caller.send('GET', `${app}/public/x?_method=DELETE`, { headers })
          t.equal(answer.status, 200, 'a public GET')
          const { line, headers: passed } = await seen
          t.equal(line, 'GET /public/x?_method=DELETE HTTP/1.1')
          t.same(
            passed.filter(([name]) => /method/i.test(name)),
            []
          )
        }
        await house.nothingUpstream(t, async () => {
          for (const method of ['POST', 'DELETE', 'PATCH'])
            t.equal(
              (
                await new Caller(house).send(method, `${app}/public/x?_method=GET`, {
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
        const half = await (await somebody()).halfWay(undefined, house.host('app'))
        const headers = {
          origin: 'https://evil.test',
          'access-control-request-method': 'DELETE',
          'access-control-request-headers': 'authorization'
        }
        await house.nothingUpstream(t, async () => {
          for (const caller of [new Caller(house), half])
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
        const token = signed.token(house.host('app'))
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
        await house.nothingUpstream(t, async () => {
          for (const headers of doors) {
            t.equal(
              (await new Caller(house).send('GET', `${app}/m29`, { headers, cookie: '' })).status,
              401,
              JSON.stringify(headers)
            )
            t.equal((await new Caller(house).send('GET', '/.factorgate/account', { headers, cookie: '' })).status, 401)
          }
          for (const query of [`factorgate=${token}`, `access_token=${token}`, `token=${token}`])
            t.equal((await new Caller(house).send('GET', `${app}/m29?${query}`, { cookie: '' })).status, 401, query)
        })
        const seen = house.up.request()
        await signed.send('GET', `${app}/m29`, { headers: { authorization: 'Bearer of-the-app' } })
        t.same(valuesOf(await seen, 'authorization'), ['Bearer of-the-app'])
        const client = await RawClient.open(gate.port)
        client.send(
          rawGet('/m29', ['Authorization: Basic a', `Authorization: Basic ${basic}`]).replace(
            'app.lab.example',
            house.host('app')
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
        const caller = new Caller(house)
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
          'token at the app': caller.token(house.host('app')),
          nonce: caller.jar().get('factorgate-nonce')!,
          invitation,
          'query of an app': 'of-the-app-m27',
          ...Object.fromEntries(codes.map((one, i) => [`recovery code ${i}`, one]))
        }
        const places = { log: JSON.stringify(gate.log), journal: await house.journal(), store: await house.dump() }
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

async function inTurn<T>(count: number, act: (i: number) => Promise<T>): Promise<T[]> {
  const all: T[] = []
  for (let i = 0; i < count; i++) all.push(await act(i))
  return all
}

/** How many POST routes the portal's source registers. */
async function postsInSource(): Promise<number> {
  const folder = path.join(import.meta.dirname, '../../plugins/portal')
  const files = readdirSync(folder).filter(name => /\.tsx?$/.test(name))
  return files.reduce(
    (sum, name) => sum + readFileSync(path.join(folder, name), 'utf8').split(/\bscope\.post\(/).length - 1,
    0
  )
}
