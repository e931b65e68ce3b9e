/** THREATS W3 to W8 and W12: what a browser claims of page, site, person and credential. */
import { randomBytes } from 'node:crypto'
import { Caller, type Fixture, newKey } from '../../fixtures/in-process/callers.ts'
import type { Row } from '../table.ts'
import { Forger, type Lies, ways } from './webauthn-forger.ts'

export function claimRows(fixture: Fixture): Row[] {
  const { gate, runtime } = fixture
  const origin = gate.portal
  const forger = new Forger(fixture)

  return [
    {
      id: 'W3',
      refs: 'L3 §7.2 step 12',
      tried: 'other origins: longer, shorter, another scheme, port or case, null, sub-domain, an app of the same gate',
      safe: 'refused, at sign-in and at enrolment: the list is exact',
      async run(t) {
        const lies: Lies = [
          `${origin}.evil`,
          origin.replace('http:', 'https:'),
          origin.replace(/:\d+$/, ''),
          origin.replace(/:\d+$/, ':444'),
          origin.toUpperCase(),
          origin.replace('gate', 'GATE'),
          `${origin}/`,
          `${origin} `,
          origin.replace('gate.', 'sub.gate.'),
          gate.origin('app'),
          'http://localhost',
          'null',
          '',
          'android:apk-key-hash:abc',
          `${origin},https://evil.test`
        ].map(one => [one || 'nothing', { origin: one }])
        const odd: Lies = [
          ['absent', { clientData: { origin: undefined } }],
          ['a list', { clientData: { origin: [origin] } }],
          ['null itself', { clientData: { origin: null } }]
        ]
        await forger.refusesEach(t, [...lies, ...odd])
        await forger.enrolsNone(t, [...lies, ...odd])
      }
    },
    {
      id: 'W4',
      refs: 'L3 §7.2 steps 13-14 §7.1 steps 10-11',
      tried: 'ceremonies inside another site’s frame: crossOrigin, topOrigin, each in odd types',
      safe: 'refused by the gate, though the library would take some (the W3C’s own vectors: tests/factor)',
      async run(t) {
        const lies: Lies = [
          ['crossOrigin', { crossOrigin: true }],
          ['crossOrigin in words', { crossOrigin: 'true' }],
          ['crossOrigin 1', { crossOrigin: 1 }],
          ['crossOrigin null', { crossOrigin: null }],
          ['both', { crossOrigin: true, topOrigin: 'https://evil.test' }],
          ['topOrigin alone', { topOrigin: 'https://evil.test' }],
          ['topOrigin of our own', { crossOrigin: true, topOrigin: origin }],
          ['topOrigin null', { topOrigin: null }]
        ]
        await forger.refusesEach(t, lies)
        await forger.enrolsNone(t, lies)
      }
    },
    {
      id: 'W5',
      refs: 'L3 §7.2 step 15',
      tried: 'the hash of another relying party',
      safe: 'refused',
      async run(t) {
        const lies: Lies = [
          'evil.test',
          'localhost',
          'app.localhost',
          `gate.localhost:${gate.port}`,
          'GATE.localhost',
          '',
          origin
        ].map(rpId => [rpId || 'of nothing', { rpId }])
        await forger.refusesEach(t, lies)
        await forger.enrolsNone(t, lies)
      }
    },
    {
      id: 'W6',
      refs: 'L3 §7.2 steps 16-17',
      tried: 'nobody present; not verified; the client asks for less verification',
      safe: 'refused: the policy stands with the challenge, on the server',
      async run(t) {
        const lies: Lies = [
          ['nobody present', { userPresent: false }],
          ['not verified', { userVerified: false }],
          ['neither', { userPresent: false, userVerified: false }]
        ]
        await forger.refusesEach(t, lies)
        await forger.enrolsNone(t, lies)
        const { person, key } = await forger.owner()
        const less = {
          userVerification: 'discouraged',
          requireUserVerification: false,
          options: { userVerification: 'discouraged' }
        }
        for (const way of ways) {
          const caller = await forger.begun(person, way)
          const asked = await caller.json(`/.factorgate/webauthn/options?for=${way}&userVerification=discouraged`, less)
          const { ceremony, options } = JSON.parse(asked.body)
          t.equal(options.userVerification, 'required')
          const response = key.assert(options, { userVerified: false })
          t.equal(
            (await caller.json(`/.factorgate/webauthn/verify?for=${way}`, { ...less, ceremony, response })).status,
            401
          )
        }
      }
    },
    {
      id: 'W7',
      refs: 'L3 §7.2 step 6',
      tried: 'another person’s key half-way; user handles of others, of nobody, none at all where it must say who',
      safe: 'refused (the library does not look)',
      async run(t) {
        const [ada, ben] = [await forger.owner({ counts: false }), await forger.owner({ counts: false })]
        const caller = await forger.half(ada.person)
        for (const userHandle of [ben.person.account.id, ada.person.account.id, null]) {
          const { ceremony, options } = await caller.options('challenge')
          t.equal(
            (await caller.verify('challenge', ceremony, ben.key.assert(options, { userHandle }))).status,
            401,
            'another’s key'
          )
        }
        const handles = [
          ben.person.account.id,
          randomBytes(16).toString('base64url'),
          'A'.repeat(88),
          ada.person.account.name
        ]
        for (const userHandle of handles)
          for (const way of ways)
            t.equal(
              (await (await forger.begun(ada.person, way)).assert(way, ada.key, { userHandle })).status,
              401,
              `${way}: handle ${userHandle.slice(0, 12)}`
            )
        for (const userHandle of [null, ''])
          t.equal(
            (await new Caller(fixture).assert('login', ada.key, { userHandle })).status,
            401,
            'a passkey that does not say whose it is'
          )
        t.equal(
          (await (await forger.half(ada.person)).assert('challenge', ada.key, { userHandle: null })).status,
          200,
          'half-way it need not'
        )
        const entered = new Caller(fixture)
        t.equal((await entered.assert('login', ben.key)).status, 200)
        t.match(
          (await entered.get('/.factorgate/account')).body,
          ben.person.account.name,
          'a passkey opens its own account'
        )
      }
    },
    {
      id: 'W8',
      refs: 'L3 §7.2 step 5',
      tried:
        'a key removed or disabled while its ceremony waits; one nobody has; one enrolled after the ceremony began',
      safe: 'refused: the list of the ceremony and the record of the moment both count',
      async run(t) {
        const { person, key } = await forger.owner({ counts: false })
        const id = person.account.id
        const caller = await forger.half(person)
        const waiting = await caller.options('challenge')
        t.same(
          waiting.options.allowCredentials?.map(one => one.id),
          [key.id]
        )
        const later = newKey(fixture, { counts: false })
        await (await person.signedIn()).enrol(later)
        t.equal(
          (await caller.verify('challenge', waiting.ceremony, later.assert(waiting.options))).status,
          401,
          'enrolled later'
        )
        t.equal((await (await forger.half(person)).assert('challenge', newKey(fixture))).status, 401, 'nobody’s')
        for (const way of ways) {
          const one = await forger.begun(person, way)
          const { ceremony, options } = await one.options(way)
          const record = (await runtime.credentials.byCredentialId(way === 'login' ? later.id : key.id))!
          if (way === 'login') await runtime.credentials.disable(id, record.id)
          else await runtime.credentials.remove(id, record.id)
          t.equal((await one.verify(way, ceremony, (way === 'login' ? later : key).assert(options))).status, 401, way)
        }
      }
    },
    {
      id: 'W12',
      refs: 'L3 §7.1 step 7 §7.2 step 10',
      tried: 'webauthn.create and webauthn.get exchanged; payment.get; no type; other letters',
      safe: 'refused',
      async run(t) {
        const odd: Lies = [
          ['payment.get', { type: 'payment.get' }],
          ['none', { clientData: { type: undefined } }],
          ['a list', { clientData: { type: ['webauthn.get'] } }],
          ['empty', { type: '' }]
        ]
        await forger.refusesEach(t, [
          ...odd,
          ['webauthn.create', { type: 'webauthn.create' }],
          ['letters', { type: 'WebAuthn.get' }]
        ])
        await forger.enrolsNone(t, [
          ...odd,
          ['webauthn.get', { type: 'webauthn.get' }],
          ['letters', { type: 'WebAuthn.create' }]
        ])
      }
    }
  ]
}
