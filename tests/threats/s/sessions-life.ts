/** THREATS S1 to S3 and S9 to S11: the beginning and the end of a session. */
import { removeEverythingOf } from '../../../src/identity/removal.ts'
import { newToken, tokenDigest } from '../../../src/ids.ts'
import { Caller, type Fixture, password } from '../../fixtures/in-process/callers.ts'
import type { Row } from '../table.ts'
import { askAt, isIn, secondGate } from './sessions-ways.ts'

export function lifeRows(fixture: Fixture, shared: Fixture): Row[] {
  const somebody = (where = fixture, options?: Parameters<Fixture['person']>[1]) => where.somebody(options)
  const stores: readonly (readonly [string, Fixture])[] = [
    ['embedded', fixture],
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
      refs: 'CVE-2026-33496 GHSA-4mq7-pvjg-xp2r CVE-2021-32701 GHSA-qvp4-rpmr-xwrr',
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
          let status = await ask(caller)
          while (status === 200) status = await ask(caller)
          t.equal(status, 401, `${why}: the other gate knows`)
        }
      }
    }
  ]
}
