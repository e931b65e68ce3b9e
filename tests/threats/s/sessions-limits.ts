/**
 * THREATS S7, S12 and S13, on each store: codes carry a session from host to host, a token is valid on one host, and a session ends by the
 * clock.
 */
import type { Test } from 'tap'
import { Caller, codeOf, type Fixture } from '../../fixtures/in-process/callers.ts'
import { RawClient } from '../../fixtures/pipeline/forwarding.ts'
import type { Row } from '../table.ts'
import { isIn, raw } from './sessions-ways.ts'

export function limitRows(stores: readonly (readonly [string, Fixture])[]): Row[] {
  const eachStore = async (t: Test, act: (t: Test, fixture: Fixture) => Promise<void>) => {
    for (const [store, fixture] of stores) await t.test(store, t => act(t, fixture))
  }

  return [
    {
      id: 'S7',
      refs: 'CVE-2025-52553',
      tried: 'a hand-over code in another browser, at another host, twice, late, made for another way',
      safe: 'good once, for thirty seconds, in the browser and on the host it was made for',
      run: t =>
        eachStore(t, async (t, fixture) => {
          const { gate, time } = fixture
          const app = gate.origin('app')
          const person = await fixture.somebody({ groups: ['researchers', 'operators'] })
          const caller = await person.signedIn()
          const codeFor = async (name: string) => {
            const away = await caller.get(`${gate.origin(name)}/`)
            return (await caller.get(away.headers.location!)).headers.location!
          }
          const url = await codeFor('app')
          t.match(url, new RegExp(`^${app}/\\.factorgate/callback\\?code=[\\w-]{43}$`))
          const thief = new Caller(fixture)
          t.match(
            (await thief.get(url)).headers.location,
            `${gate.portal}/.factorgate/login?`,
            'in a browser that never set out'
          )
          await thief.get(`${app}/`)
          t.equal((await thief.get(url)).status, 403, 'in a browser that set out by itself')
          t.equal(thief.token(fixture.host('app')), '')
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
          const other = await fixture.somebody()
          const victim = await other.signedIn()
          const id = victim.principal!.session.id
          t.equal(codeOf(await caller.post(`/.factorgate/account/sessions/${id}/end`)), 'not_found')
          t.ok(await isIn(fixture, victim.token()))
        })
    },
    {
      id: 'S12',
      refs: '',
      tried: 'the cookie of one host sent to another of the same gate, and to the portal',
      safe: 'nobody’s there; each app asks its own rules',
      run: t =>
        eachStore(t, async (t, fixture) => {
          const { gate } = fixture
          const person = await fixture.somebody({ groups: ['researchers', 'operators'] })
          const caller = await person.signedIn(['app', 'other'])
          const [portal, atApp, atOther] = ['gate', 'app', 'other'].map(
            name => `factorgate=${caller.token(fixture.host(name))}`
          )
          t.equal((await raw(fixture, [atOther!], '/', fixture.host('other'))).status, 200)
          await fixture.nothingUpstream(t, async () => {
            t.equal((await raw(fixture, [atApp!], '/', fixture.host('other'))).status, 401)
            t.equal((await raw(fixture, [portal!], '/', fixture.host('other'))).status, 401)
            t.equal((await raw(fixture, [atOther!])).status, 401)
            t.equal((await raw(fixture, [atApp!], '/.factorgate/account', fixture.host())).status, 401)
            t.equal((await raw(fixture, [atApp!], '/', `unknown.localhost:${gate.port}`)).status, 421)
          })
          const plain = await fixture.somebody()
          const one = await plain.signedIn(['app'])
          await fixture.nothingUpstream(t, async () => {
            const refused = await one.goOver('other').catch(error => error)
            t.notOk(refused instanceof Error)
            t.equal(
              one.token(fixture.host('other')) === '' ? 403 : (await one.get(`${gate.origin('other')}/`)).status,
              403,
              'not in its group'
            )
          })
        })
    },
    {
      id: 'S13',
      refs: 'NIST SP 800-63B-4 §2.2.3',
      tried: 'a poll that never stops; a WebSocket that is never quiet; a patient half-way session',
      safe: 'the end comes at the absolute limit, with 1008 on the socket; idling ends earlier; half-way ends after ten minutes',
      run: t =>
        eachStore(t, async (t, fixture) => {
          const { gate, time, runtime } = fixture
          const app = gate.origin('app')
          const person = await fixture.somebody()
          const caller = await person.signedIn(['app'])
          const host = fixture.host('app')
          const socket = await RawClient.open(gate.port)
          socket.send(
            `GET /s13 HTTP/1.1\r\nHost: ${host}\r\nCookie: ${caller.cookie(host)}\r\nOrigin: ${app}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`
          )
          t.match(await socket.until('\r\n\r\n'), / 101 /)
          const upstream = fixture.up.connections.at(-1)!
          let polls = 0
          for (; polls < 200; polls++) {
            if ((await caller.send('GET', `${app}/s13`)).status !== 200) break
            upstream.write(Buffer.from([0x81, 1, 0x61]))
            time.advance(10 * 60)
          }
          t.equal(polls, 24 * 6, 'polled every ten minutes, for 24 hours')
          // What the timer does once a second, unless it has done so already.
          runtime.live.expire(time.now)
          const bytes = Buffer.from(await socket.rest(), 'latin1')
          t.same(
            bytes.subarray(bytes.lastIndexOf(Buffer.from([0x88]))).subarray(2, 4),
            Buffer.from([1008 >> 8, 1008 & 255])
          )

          const idle = await person.signedIn(['app'])
          time.advance(3599)
          t.equal((await idle.get(`${app}/s13`)).status, 200)
          time.advance(3601)
          await fixture.nothingUpstream(t, async () => {
            t.equal((await idle.send('GET', `${app}/s13`)).status, 401, 'idle for an hour')
          })
          const half = await person.halfWay()
          time.advance(601)
          t.match((await half.totp(person.code())).headers.location, /\/login\?/, 'half-way for ten minutes')
        })
    }
  ]
}
