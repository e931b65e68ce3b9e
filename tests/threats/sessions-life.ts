/** THREATS S1 to S3, S7 and S9 to S13: how a session begins, is carried from host to host, and ends for good. */
import { removeEverythingOf } from '../../src/identity/removal.ts'
import { newToken, tokenDigest } from '../../src/session/token.ts'
import { RawClient } from '../forwarding/gate.ts'
import { Caller, codeOf, type House, password } from './house.ts'
import { askAt, isIn, raw, secondGate } from './sessions-ways.ts'
import type { Row } from './table.ts'

export function lifeRows(house: House, shared: House): Row[] {
  const { gate, time, runtime } = house
  const app = gate.origin('app')
  const somebody = (where = house, options?: Parameters<House['person']>[1]) => where.somebody(options)
  const stores: readonly (readonly [string, House])[] = [
    ['embedded', house],
    ['redis', shared]
  ]

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
      safe: 'digests alone, nothing in it opens a door (both stores); who can write into the store is trusted, see SECURITY.md',
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
        t.equal((await raw(house, [atOther!], '/', house.host('other'))).status, 200)
        await house.nothingUpstream(t, async () => {
          t.equal((await raw(house, [atApp!], '/', house.host('other'))).status, 401)
          t.equal((await raw(house, [portal!], '/', house.host('other'))).status, 401)
          t.equal((await raw(house, [atOther!])).status, 401)
          t.equal((await raw(house, [atApp!], '/.factorgate/account', house.host())).status, 401)
          t.equal((await raw(house, [atApp!], '/', `unknown.localhost:${gate.port}`)).status, 421)
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
    }
  ]
}
