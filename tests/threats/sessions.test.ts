/** THREATS A6: sessions and cookies, against a running gate on each of the two stores. */
import { readFileSync, writeFileSync } from 'node:fs'
import { pino } from 'pino'
import t, { type Test } from 'tap'
import { loadConfig } from '../../config/load.ts'
import { removeEverythingOf } from '../../src/identity/removal.ts'
import { Server } from '../../src/server.ts'
import { newToken, tokenDigest } from '../../src/session/token.ts'
import { parse, RawClient } from '../forwarding/gate.ts'
import { startRedis } from '../helpers/redis-server.ts'
import { type Script, valuesOf } from '../helpers/upstream.ts'
import { Caller, codeOf, House, leadsTo, password } from './house.ts'
import { type Row, tryAll } from './table.ts'

/** An app that tries to plant, to send away, and to hold a socket. */
const script: Script = (socket, { line, headers }) => {
  if (headers.some(([name]) => name.toLowerCase() === 'upgrade'))
    return socket.write(
      'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n'
    )
  const extra = line.startsWith('GET /plants')
    ? planted
    : line.startsWith('GET /away')
      ? ['Location: http://127.0.0.1:1/secret']
      : []
  const status = line.startsWith('GET /away') ? '302 Found' : '200 OK'
  socket.write(`HTTP/1.1 ${status}\r\n${extra.map(one => `${one}\r\n`).join('')}Content-Length: 3\r\n\r\napp`)
}

const planted = [
  'Set-Cookie: factorgate=evil; Path=/',
  'Set-Cookie: __Host-factorgate=evil; Path=/; Secure',
  'Set-Cookie: __Secure-factorgate=evil',
  'Set-Cookie: FactorGate=evil; Domain=localhost',
  'Set-Cookie: factorgate-nonce=evil; Path=/app',
  'Set-Cookie: __host-factorgate-nonce=evil',
  'Set-Cookie:  =factorgate=evil',
  'Set-Cookie: factorgate',
  'Set-Cookie2: factorgate=evil',
  'Set-Cookie: app=kept; Path=/x; HttpOnly',
  'Set-Cookie: notfactorgate=kept',
  'Factorgate-Error: sign_in_required',
  'X-Factorgate-Assertion: evil',
  'X-Kept: yes'
]

t.test('A6 sessions and cookies', async t => {
  const redis = await startRedis(t)
  const extra = 'session: { maxPerUser: 500, idle: 1h, absolute: 24h }'
  const house = await House.start(t, { extra, script })
  const shared = await House.start(t, { extra, script, store: redis.url })
  await tryAll(t, rows(house, shared))
})

function rows(house: House, shared: House): Row[] {
  const { gate, time, runtime } = house
  const app = gate.origin('app')
  let people = 0
  const somebody = (where = house, options?: Parameters<House['person']>[1]) =>
    where.person(`person${++people}`, options)
  const stores: readonly (readonly [string, House])[] = [
    ['embedded', house],
    ['redis', shared]
  ]
  const isIn = async (where: House, token: string) =>
    (await new Caller(where).send('GET', '/.factorgate/account', { cookie: `factorgate=${token}` })).status === 200

  /** A raw request with exactly this Cookie header, or several. */
  async function raw(cookies: readonly string[], target = '/cookie', host = house.host('app')) {
    const client = await RawClient.open(gate.port)
    client.send(
      `GET ${target} HTTP/1.1\r\nHost: ${host}\r\n${cookies.map(one => `Cookie: ${one}\r\n`).join('')}Connection: close\r\n\r\n`
    )
    return parse(await client.rest())
  }

  return [
    {
      id: 'S1',
      refs: 'CVE-2023-29019',
      tried: 'a token known before the sign-in; the old ones after password, second factor, step-up and logout',
      safe: 'a new token each time, the old one dead in the store (both stores)',
      async run(t) {
        for (const [store, where] of stores) {
          const person = await somebody(where)
          const caller = new Caller(where)
          const known = newToken()
          caller.jar().set('factorgate', known)
          const dead: string[] = [known]
          // A cookie that opens nothing counts as none, so the form is bound to the nonce alone.
          const csrf = where.runtime.keyring.mac('csrf', `${caller.jar().get('factorgate-nonce')}.-`)
          t.equal(
            (await caller.post('/.factorgate/login', { csrf, username: person.account.name, password })).status,
            303
          )
          const steps = [
            async () => t.equal((await caller.totp(person.code())).status, 303, `${store}: second factor`),
            async () => {
              where.time.advance(30)
              t.equal((await caller.totp(person.code())).status, 303, `${store}: step-up`)
            },
            async () => t.equal((await caller.post('/.factorgate/logout')).status, 303, `${store}: logout`)
          ]
          for (const step of steps) {
            const before = caller.token()
            t.notOk(dead.includes(before), `${store}: a token nobody has seen`)
            dead.push(before)
            await step()
            for (const token of dead) {
              t.notOk(await isIn(where, token), `${store}: an old one opens nothing`)
              t.equal(
                await where.runtime.store.get(`token:${tokenDigest(token)}`),
                null,
                `${store}: nor does the store know it`
              )
            }
          }
          t.equal(caller.token(), '', `${store}: the browser was told to drop the last`)
        }
      }
    },
    {
      id: 'S2',
      refs: 'GHSA-f24x-5g9q-753f CVE-2026-34454',
      tried: 'signing in as somebody else over a session that stands',
      safe: 'the old session has ended, at the apps as well',
      async run(t) {
        for (const [store, where] of stores) {
          const [ada, ben] = [await somebody(where), await somebody(where)]
          const caller = await ada.signedIn(['app'])
          const [token, atApp] = [caller.token(), caller.token(where.host('app'))]
          t.equal((await caller.get('/.factorgate/login?switch')).status, 200)
          t.ok(await isIn(where, token), `${store}: looking at the page ends nothing`)
          t.equal((await caller.signIn(ben.account.name)).status, 303)
          t.notOk(await isIn(where, token), `${store}: at the portal`)
          const answer = await new Caller(where).send('GET', `${where.gate.origin('app')}/`, {
            cookie: `factorgate=${atApp}`
          })
          t.equal(answer.status, 401, `${store}: at the app`)
          t.same(await where.runtime.sessions.list(ada.account.id), [])
        }
      }
    },
    {
      id: 'S3',
      refs: 'CVE-2024-35220 GHSA-pj27-2xvp-4qxg CVE-2024-31999 CVE-2024-21492 CVE-2025-29928',
      tried:
        'the cookie replayed after logout, idling, the absolute limit, an operator’s revocation, “that was not me”, removal',
      safe: 'nobody’s; the store’s limits rule, the cookie carries none',
      async run(t) {
        for (const [store, where] of stores) {
          const { sessions, accounts, credentials, local } = where.runtime
          const ends: [string, (caller: Caller, id: string, account: string) => Promise<unknown>][] = [
            ['logout', caller => caller.post('/.factorgate/logout')],
            ['an operator', (_, id) => sessions.end(id, 'revoked')],
            [
              '“that was not me”',
              async (caller, id) => caller.post(`/.factorgate/account/sessions/${id}/end`, { stranger: 'yes' })
            ],
            ['removal', (_, __, id) => removeEverythingOf(id, { accounts, belongings: [credentials, local] })],
            ['idling', async () => where.time.advance(3601)],
            [
              'the absolute limit',
              async caller => {
                for (let minutes = 0; minutes < 24 * 60; minutes += 50) {
                  t.equal(
                    (await caller.get('/.factorgate/account')).status,
                    200,
                    `${store}: in use after ${minutes} minutes`
                  )
                  where.time.advance(3000)
                }
              }
            ]
          ]
          for (const [why, end] of ends) {
            const person = await somebody(where)
            const caller = await person.signedIn(['app'])
            const tokens = [caller.token(), caller.token(where.host('app'))] as const
            const { session } = caller.principal!
            t.ok(await isIn(where, tokens[0]), `${store}: signed in before ${why}`)
            await end(caller, session.id, person.account.id)
            t.notOk(await isIn(where, tokens[0]), `${store}: ${why}, at the portal`)
            const answer = await new Caller(where).send('GET', `${where.gate.origin('app')}/`, {
              cookie: `factorgate=${tokens[1]}; Max-Age=999999999`
            })
            t.equal(answer.status, 401, `${store}: ${why}, at the app`)
          }
        }
      }
    },
    {
      id: 'S4',
      refs: '',
      tried: 'a cookie of ours planted before ours, twice, on the wrong scheme; the flags of every Set-Cookie',
      safe: 'on https `__Host-factorgate`, Secure, HttpOnly, SameSite=Lax, Path=/, no Domain; two of them are none',
      async run(t) {
        const person = await somebody()
        const caller = await person.signedIn(['app'])
        const token = caller.token(house.host('app'))
        const good = `factorgate=${token}`
        t.equal((await raw([good])).status, 200)
        await house.nothingUpstream(t, async () => {
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
            t.equal((await raw(cookies)).status, 401, cookies.join(' & ').replaceAll(token, 'TOKEN'))
        })
        await onHttps(t, house, async () => {
          const browser = new Caller(house)
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
              /^__Host-factorgate(?:-nonce|-codes)?=[A-Za-z0-9_-]*; Path=\/; HttpOnly; SameSite=Lax; Secure(?:; Max-Age=\d+)?$/
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
        const ours = `factorgate=${caller.token(house.host('app'))}`
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
          const seen = house.up.request()
          t.equal((await raw(sent)).status, 200)
          const request = await seen
          t.same(valuesOf(request, 'cookie'), expected, sent[0]!.replace(ours, 'OURS'))
          t.notOk(request.raw.includes(ours.slice(11)), 'nowhere in the request')
        }
      }
    },
    {
      id: 'S6',
      refs: '',
      tried: 'an app answers with our cookies in many spellings, and with our headers',
      safe: 'taken out; its own cookies and headers stay',
      async run(t) {
        const caller = await (await somebody()).signedIn(['app'])
        const before = caller.token(house.host('app'))
        const { status, lines } = await raw([`factorgate=${before}`], '/plants')
        t.equal(status, 200)
        const cookies = lines.filter(line => /^set-cookie/i.test(line)).map(line => line.replace(/^[^:]+: ?/, ''))
        t.same(cookies, ['app=kept; Path=/x; HttpOnly', 'notfactorgate=kept'])
        t.same(
          lines.filter(line => /^(?:factorgate|x-factorgate|set-cookie2)/i.test(line)),
          []
        )
        t.ok(lines.includes('X-Kept: yes'))
      }
    },
    {
      id: 'S7',
      refs: 'CVE-2025-52553',
      tried: 'a hand-over code in another browser, at another host, twice, late, made for another way',
      safe: 'good once, for thirty seconds, in the browser and on the host it was made for',
      async run(t) {
        const person = await somebody(house, { groups: ['researchers', 'operators'] })
        const caller = await person.signedIn()
        const codeFor = async (name: string) => {
          const away = await caller.get(`${gate.origin(name)}/`)
          return (await caller.get(away.headers.location!)).headers.location!
        }
        const url = await codeFor('app')
        t.match(url, new RegExp(`^${app}/\\.factorgate/callback\\?code=[\\w-]{43}$`))
        const thief = new Caller(house)
        t.equal(codeOf(await thief.get(url)), 'cookies_off', 'in a browser that never set out')
        await thief.get(`${app}/`)
        t.equal((await thief.get(url)).status, 403, 'in a browser that set out by itself')
        t.equal(thief.token(house.host('app')), '')
        t.equal((await caller.get(url)).status, 403, 'and so it is spent')

        const moved = await codeFor('app')
        await caller.get(`${gate.origin('other')}/`)
        t.equal((await caller.get(moved.replace(app, gate.origin('other')))).status, 403, 'at another host')
        t.equal((await caller.get(moved.replace(app, gate.portal))).status, 403, 'at the portal')
        const late = await codeFor('app')
        time.advance(31)
        t.equal((await caller.get(late)).status, 403, 'late')
        const once = await codeFor('app')
        t.equal((await caller.get(once)).status, 303)
        t.equal((await caller.get(once)).status, 403, 'twice')
        for (const code of ['', 'A'.repeat(43), caller.token(), '..', 'x'.repeat(5000)])
          t.equal((await caller.get(`${app}/.factorgate/callback?code=${code}`)).status, 403)
        t.equal(
          (await caller.get(`${app}/.factorgate/callback?code=${'A'.repeat(43)}&code=${'B'.repeat(43)}`)).status,
          403
        )
        // Sessions have public ids: what stands in a URL of the account page must end nobody else's.
        const other = await somebody()
        const victim = await other.signedIn()
        const id = victim.principal!.session.id
        t.equal(codeOf(await caller.post(`/.factorgate/account/sessions/${id}/end`)), 'not_found')
        t.ok(await isIn(house, victim.token()))
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
        const texts = (await house.journal()) + JSON.stringify(gate.log)
        const id = caller.principal!.session.id
        t.ok(texts.includes(id), 'the id is there, so that an operator can end it')
        const tokens = [caller.token(), caller.token(house.host('app'))]
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
        for (const word of words) t.notOk(await isIn(house, word), word)
      }
    },
    {
      id: 'S9',
      refs: 'CVE-2024-21495 GHSA-c7vf-m394-m4x4',
      tried: 'ten thousand tokens; those that cookies, codes and forms hold',
      safe: '256 random bits each, no repeats, every bit as often set as not',
      async run(t) {
        const drawn = Array.from({ length: 10_000 }, newToken)
        t.equal(new Set(drawn).size, drawn.length)
        const set = new Uint32Array(256)
        for (const token of drawn) {
          const bytes = Buffer.from(token, 'base64url')
          for (let bit = 0; bit < 256; bit++) set[bit]! += (bytes[bit >> 3]! >> (bit & 7)) & 1
        }
        // Six standard deviations of 10,000 coins are 300; all 256 stay inside unless something is wrong.
        t.ok(
          set.every(count => Math.abs(count - 5000) < 300),
          [...set].join()
        )
        const person = await somebody()
        const heads = new Set<string>()
        for (let i = 0; i < 50; i++) {
          const caller = await person.signedIn()
          t.match(caller.token(), /^[\w-]{43}$/)
          heads.add(caller.token().slice(0, 8))
        }
        t.equal(heads.size, 50)
      }
    },
    {
      id: 'S10',
      refs: '',
      tried:
        'a copy of the store: its keys and values as cookies, codes and invitations; a digest where a token belongs',
      safe: 'digests alone, nothing in it opens a door (both stores); who can write into the store is trusted, see README',
      async run(t) {
        for (const [store, where] of stores) {
          const person = await somebody(where)
          const caller = await person.signedIn(['app'])
          const away = await caller.get(`${where.gate.origin('app')}/`, { cookie: '' })
          t.equal(away.status, 302)
          const invitation = await where.runtime.invitations.issue(person.account.id)
          const dump = await where.dump()
          t.ok(dump.includes(tokenDigest(caller.token())), `${store}: the digest is there`)
          for (const secret of [
            caller.token(),
            caller.token(where.host('app')),
            invitation,
            caller.jar().get('factorgate-nonce')!
          ])
            t.notOk(dump.includes(secret), store)
          const words = [...new Set(dump.match(/[\w-]{43}/g))].slice(-40)
          t.ok(words.length > 5)
          for (const word of words) {
            t.notOk(await isIn(where, word), `${store}: ${word} as a cookie`)
            t.not(
              (await new Caller(where).get(`/.factorgate/invite/${word}`)).status,
              200,
              `${store}: as an invitation`
            )
          }
        }
      }
    },
    {
      id: 'S11',
      refs: 'CVE-2026-33496 GHSA-4mq7-pvjg-xp2r GHSA-qvp4-rpmr-xwrr',
      tried: 'two gates on one Redis: ended at one, replayed at the other at once, with its memory warm',
      safe: 'refused within moments; nothing upstream',
      async run(t) {
        const second = await secondGate(t, shared)
        const ask = (caller: Caller) =>
          askAt(second.port, shared.host('app'), '/s11', caller.cookie(shared.host('app')))
        const ends: [string, (caller: Caller, account: string) => Promise<unknown>][] = [
          ['revoked', caller => shared.runtime.sessions.end(caller.principal!.session.id, 'revoked')],
          ['suspended', (_, account) => shared.runtime.accounts.suspend(account, 'test')],
          ['logout', caller => caller.post('/.factorgate/logout')]
        ]
        for (const [why, end] of ends) {
          const person = await somebody(shared)
          const caller = await person.signedIn(['app'])
          for (let i = 0; i < 3; i++) t.equal(await ask(caller), 200, 'warm')
          await end(caller, person.account.id)
          const since = process.hrtime.bigint()
          let status = await ask(caller)
          while (status === 200 && process.hrtime.bigint() - since < 1_000_000_000n) status = await ask(caller)
          t.equal(status, 401, `${why}: the other gate knows`)
        }
      }
    },
    {
      id: 'S12',
      refs: '',
      tried: 'the cookie of one host sent to another of the same gate, and to the portal',
      safe: 'nobody’s there; each app asks its own rules',
      async run(t) {
        const person = await somebody(house, { groups: ['researchers', 'operators'] })
        const caller = await person.signedIn(['app', 'other'])
        const [portal, atApp, atOther] = ['gate', 'app', 'other'].map(
          name => `factorgate=${caller.token(house.host(name))}`
        )
        t.equal((await raw([atOther!], '/', house.host('other'))).status, 200)
        await house.nothingUpstream(t, async () => {
          t.equal((await raw([atApp!], '/', house.host('other'))).status, 401)
          t.equal((await raw([portal!], '/', house.host('other'))).status, 401)
          t.equal((await raw([atOther!])).status, 401)
          t.equal((await raw([atApp!], '/.factorgate/account', house.host())).status, 401)
          t.equal((await raw([atApp!], '/', `unknown.localhost:${gate.port}`)).status, 421)
        })
        const plain = await somebody()
        const one = await plain.signedIn(['app'])
        await house.nothingUpstream(t, async () => {
          const refused = await one.goOver('other').catch(error => error)
          t.notOk(refused instanceof Error)
          t.equal(
            one.token(house.host('other')) === '' ? 403 : (await one.get(`${gate.origin('other')}/`)).status,
            403,
            'not in its group'
          )
        })
      }
    },
    {
      id: 'S13',
      refs: 'NIST SP 800-63B-4 §2.2.3',
      tried: 'a poll that never stops; a WebSocket that is never quiet; a patient half-way session',
      safe: 'the end comes at the absolute limit, with 1008 on the socket; idling ends earlier; half-way ends after ten minutes',
      async run(t) {
        const person = await somebody()
        const caller = await person.signedIn(['app'])
        const host = house.host('app')
        const socket = await RawClient.open(gate.port)
        socket.send(
          `GET /s13 HTTP/1.1\r\nHost: ${host}\r\nCookie: ${caller.cookie(host)}\r\nOrigin: ${app}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`
        )
        t.match(await socket.until('\r\n\r\n'), / 101 /)
        const upstream = house.up.connections.at(-1)!
        let polls = 0
        for (; polls < 200; polls++) {
          if ((await caller.send('GET', `${app}/s13`)).status !== 200) break
          upstream.write(Buffer.from([0x81, 1, 0x61]))
          time.advance(10 * 60)
        }
        t.equal(polls, 24 * 6, 'polled every ten minutes, for 24 hours')
        t.equal(runtime.live.expire(time.now) >= 1, true, 'what the timer does once a second')
        const bytes = Buffer.from(await socket.rest(), 'latin1')
        t.same(
          bytes.subarray(bytes.lastIndexOf(Buffer.from([0x88]))).subarray(2, 4),
          Buffer.from([1008 >> 8, 1008 & 255])
        )

        const idle = await person.signedIn(['app'])
        time.advance(3599)
        t.equal((await idle.get(`${app}/s13`)).status, 200)
        time.advance(3601)
        await house.nothingUpstream(t, async () => {
          t.equal((await idle.send('GET', `${app}/s13`)).status, 401, 'idle for an hour')
        })
        const half = await person.halfWay()
        time.advance(601)
        t.match((await half.totp(person.code())).headers.location, /\/login\?/, 'half-way for ten minutes')
      }
    },
    {
      id: 'S14',
      refs: 'ASVS 7.1.2',
      tried: 'one cookie from two addresses and browsers at once',
      safe: 'served, since people move between networks; each exchange is journaled with session and address',
      async run(t) {
        const caller = await (await somebody()).signedIn(['app'])
        const cookie = caller.cookie(house.host('app'))
        const [one, two] = [new Caller(house), new Caller(house)]
        const answers = await Promise.all(
          [one, two].map(who => who.send('GET', `${app}/s14`, { cookie, headers: { 'user-agent': who.address } }))
        )
        t.same(
          answers.map(({ status }) => status),
          [200, 200]
        )
        await new Promise(resolve => setImmediate(resolve))
        const journal = await house.journal()
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
        await house.nothingUpstream(t, async () => {
          const since = process.hrtime.bigint()
          for (const header of headers) t.equal((await raw([header])).status, 401, JSON.stringify(header.slice(0, 30)))
          const ms = Number(process.hrtime.bigint() - since) / 1e6
          t.ok(ms < 1000, `${headers.length} of them in ${Math.round(ms)} ms`)
          t.equal((await raw([many.repeat(2)])).status, 431, 'more than 16 KiB')
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
        const before = house.up.requests.length
        const answer = await caller.get(`${app}/away`)
        t.equal(answer.status, 302)
        t.equal(answer.headers.location, 'http://127.0.0.1:1/secret')
        t.equal(answer.body, 'app')
        t.equal(house.up.requests.length, before + 1)
      }
    },
    {
      id: 'S17',
      refs: 'GHSA-59jp-rwph-878r',
      tried: 'protected content in the answer to nobody: POST, HEAD, Range, If-None-Match, a body, another Accept',
      safe: 'the answer is the gate’s alone, and HEAD has none; nothing upstream',
      async run(t) {
        await house.nothingUpstream(t, async () => {
          const nobody = new Caller(house)
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

/** Another gate on the same configuration, keys and store, on a port of its own. */
export async function secondGate(t: Test, house: House): Promise<{ server: Server; port: number }> {
  const config = await house.gate.load()
  const server = await Server.start({
    config: { ...config, listen: { ...config.listen, port: 0 }, journal: `${config.journal}-2` },
    clock: () => house.time.now,
    log: pino({ level: 'silent' })
  })
  t.teardown(() => server.close())
  return { server, port: server.addresses.gate.port }
}

async function askAt(port: number, host: string, path: string, cookie: string): Promise<number> {
  const client = await RawClient.open(port)
  client.send(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\nCookie: ${cookie}\r\nConnection: close\r\n\r\n`)
  return parse(await client.rest()).status
}

/** The same gate under https names, as behind a balancer that ends TLS; afterwards as before. */
async function onHttps(_t: Test, { gate }: House, act: () => Promise<void>): Promise<void> {
  const before = await gate.load()
  const text = readFileSync(gate.configFile, 'utf8')
  const names = text.replaceAll(new RegExp(`http://(\\w+)\\.localhost:${gate.port}`, 'g'), 'https://$1.lab.example')
  writeFileSync(gate.configFile, names)
  const loaded = await loadConfig({ file: gate.configFile, env: {}, cwd: gate.folder })
  if (loaded.kind === 'bad') throw new Error(loaded.problems.map(problem => JSON.stringify(problem)).join('\n'))
  await gate.server.reload(loaded.config)
  try {
    await act()
  } finally {
    writeFileSync(gate.configFile, text)
    await gate.server.reload(before)
  }
}
