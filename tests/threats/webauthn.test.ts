/** THREATS A5: passkeys and security keys, by an authenticator in software that tells any lie, against one running gate. */
import { randomBytes } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import t, { type Test } from 'tap'
import { loadConfig } from '../../config/load.ts'
import { type Authenticator, type AuthenticatorTraits, type Changes, cbor } from '../helpers/authenticator.ts'
import { Caller, codeOf, elsewhere, House, newKey, type Someone, type Told, tally } from './house.ts'
import { type Row, tryAll } from './table.ts'

t.test('A5 WebAuthn', async t => {
  const house = await House.start(t, { extra: 'session: { maxPerUser: 500 }' })
  await tryAll(t, rows(house))
})

type Lies = readonly (readonly [string, Changes])[]

/** Bytes with the lowest bit of one of them changed; negative counts from the end. */
const flip = (at: number) => (bytes: Buffer) => {
  const changed = Buffer.from(bytes)
  changed[at < 0 ? changed.length + at : at]! ^= 1
  return changed
}

function rows(house: House): Row[] {
  const { gate, time, runtime } = house
  const origin = gate.portal
  let people = 0

  /** Somebody with a key, enrolled over HTTP. */
  async function owner(traits: AuthenticatorTraits = {}): Promise<{ person: Someone; key: Authenticator }> {
    const person = await house.person(`person${++people}`)
    const key = newKey(house, traits)
    const answer = await (await person.signedIn()).enrol(key)
    if (answer.status !== 200) throw new Error(`the key was refused: ${answer.body}`)
    return { person, key }
  }

  /** A browser after the password, from a place that is counted apart. */
  async function half(person: Someone): Promise<Caller> {
    const [address] = await person.knownAddresses(1)
    return person.halfWay(address)
  }

  const ways = ['challenge', 'login'] as const
  const begun = async (person: Someone, way: (typeof ways)[number]) =>
    way === 'login' ? new Caller(house) : half(person)

  /** Every lie is refused in the same words, beside the password and instead of it; then the honest answer is accepted. */
  async function refusesEach(t: Test, lies: Lies, traits: AuthenticatorTraits = {}): Promise<void> {
    const { person, key } = await owner(traits)
    const words = { challenge: new Set<string>(), login: new Set<string>() }
    const places = await person.knownAddresses(lies.length)
    for (const way of ways) {
      const browser = await begun(person, way)
      for (const [i, [what, changes]] of lies.entries()) {
        const answer = await copyOf(browser, places[i]!).assert(way, key, changes)
        t.ok(isRefusal(answer), `${way}: ${what}: ${answer.status}`)
        if (answer.status === 401) words[way].add(JSON.parse(answer.body).error.message)
      }
    }
    for (const way of ways) {
      t.ok(words[way].size <= 1, `${way}: one sentence for all: ${[...words[way]].join(' | ')}`)
      t.equal((await (await begun(person, way)).assert(way, key)).status, 200, `${way}: the honest answer`)
    }
  }

  /** Every lie in an enrolment is refused and leaves nothing; then the honest one is accepted. */
  async function enrolsNone(t: Test, lies: Lies, traits: AuthenticatorTraits = {}): Promise<void> {
    const person = await house.person(`person${++people}`)
    const browser = await person.signedIn()
    const again = () => runtime.limiter.clear([{ kind: 'factor', key: `webauthn-enrol:${person.account.id}` }])
    for (const [what, changes] of lies) {
      const answer = await browser.enrol(newKey(house, traits), changes)
      t.ok(isRefusal(answer), `enrolment: ${what}: ${answer.status} ${answer.body.slice(0, 80)}`)
      await again()
    }
    t.equal((await runtime.credentials.list(person.account.id)).length, 1, 'nothing is kept of them')
    t.equal((await browser.enrol(newKey(house, traits))).status, 200, 'the honest enrolment')
  }

  return [
    {
      id: 'W1',
      refs: 'L3 §7.2 step 11',
      tried: 'an assertion replayed; an answer to a ceremony that was answered wrongly; ten answers to one at once',
      safe: 'one success at most: the challenge is spent before it is looked at (races.test.ts: fifty, on two gates)',
      async run(t) {
        const { person, key } = await owner({ counts: false })
        for (const way of ways) {
          const caller = await begun(person, way)
          const { ceremony, options } = await caller.options(way)
          const token = caller.token()
          const right = key.assert(options)
          t.equal((await caller.verify(way, ceremony, right)).status, 200)
          caller.jar().set('factorgate', token)
          t.not((await caller.verify(way, ceremony, right)).status, 200, `${way}: by the same browser`)
          t.not((await (await begun(person, way)).verify(way, ceremony, right)).status, 200, `${way}: by another`)
          const again = await begun(person, way)
          const second = await again.options(way)
          t.equal((await again.verify(way, second.ceremony, {})).status, 401)
          t.equal(
            (await again.verify(way, second.ceremony, key.assert(second.options))).status,
            401,
            `${way}: after a wrong answer`
          )
          const third = await again.options(way)
          await again.options(way)
          t.equal(
            (await again.verify(way, third.ceremony, key.assert(third.options))).status,
            200,
            `${way}: begun twice, either is good`
          )
        }
        const [first, ...others] = await person.knownAddresses(10)
        const one = await person.halfWay(first)
        const { ceremony, options } = await one.options('challenge')
        const callers = [one, ...others.map(address => copyOf(one, address))]
        const response = key.assert(options)
        const answers = await Promise.all(callers.map(caller => caller.verify('challenge', ceremony, response)))
        t.equal(tally(answers)[200], 1, JSON.stringify(tally(answers)))
      }
    },
    {
      id: 'W2',
      refs: 'L3 §7.2 step 11',
      tried: 'a challenge in another session, in another browser, for another purpose, after five minutes; one made up',
      safe: 'refused',
      async run(t) {
        const { person, key } = await owner({ counts: false })
        const cross: [string, () => Promise<Told>][] = [
          [
            'another session of the same person',
            async () => {
              const { ceremony, options } = await (await half(person)).options('challenge')
              return (await half(person)).verify('challenge', ceremony, key.assert(options))
            }
          ],
          [
            'another browser',
            async () => {
              const { ceremony, options } = await new Caller(house).options('login')
              return new Caller(house).verify('login', ceremony, key.assert(options))
            }
          ],
          [
            'a sign-in as a challenge',
            async () => {
              const caller = await half(person)
              const { ceremony, options } = await caller.options('login')
              return caller.verify('challenge', ceremony, key.assert(options))
            }
          ],
          [
            'a challenge as a sign-in',
            async () => {
              const caller = await half(person)
              const { ceremony, options } = await caller.options('challenge')
              return caller.verify('login', ceremony, key.assert(options))
            }
          ],
          [
            'an enrolment as a challenge',
            async () => {
              const caller = await person.signedIn([], (await person.knownAddresses(1))[0])
              const { ceremony, options } = await caller.options('enrol')
              return caller.verify('challenge', ceremony, key.assert({ ...options, rpId: options.rp.id }))
            }
          ],
          [
            'a challenge as an enrolment',
            async () => {
              const caller = await person.signedIn()
              const { ceremony, options } = await caller.options('challenge')
              return caller.verify(
                'enrol',
                ceremony,
                newKey(house).register({ ...options, rp: { id: options.rpId }, user: { id: person.account.id } })
              )
            }
          ],
          [
            'after five minutes',
            async () => {
              const caller = await half(person)
              const { ceremony, options } = await caller.options('challenge')
              time.advance(301)
              return caller.verify('challenge', ceremony, key.assert(options))
            }
          ],
          [
            'another challenge under this ceremony',
            async () => {
              const caller = await half(person)
              const { ceremony } = await caller.options('challenge')
              return caller.verify('challenge', ceremony, key.assert((await caller.options('challenge')).options))
            }
          ],
          [
            'a ceremony nobody began',
            async () => {
              const caller = await half(person)
              return caller.verify(
                'challenge',
                'A'.repeat(43),
                key.assert({ challenge: 'A'.repeat(43), rpId: 'gate.localhost' })
              )
            }
          ]
        ]
        for (const [what, act] of cross) t.ok(isRefusal(await act()), what)
        t.equal((await (await half(person)).assert('challenge', key)).status, 200)
      }
    },
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
        await refusesEach(t, [...lies, ...odd])
        await enrolsNone(t, [...lies, ...odd])
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
        await refusesEach(t, lies)
        await enrolsNone(t, lies)
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
        await refusesEach(t, lies)
        await enrolsNone(t, lies)
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
        await refusesEach(t, lies)
        await enrolsNone(t, lies)
        const { person, key } = await owner()
        const less = {
          userVerification: 'discouraged',
          requireUserVerification: false,
          options: { userVerification: 'discouraged' }
        }
        for (const way of ways) {
          const caller = await begun(person, way)
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
        const [ada, ben] = [await owner({ counts: false }), await owner({ counts: false })]
        const caller = await half(ada.person)
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
              (await (await begun(ada.person, way)).assert(way, ada.key, { userHandle })).status,
              401,
              `${way}: handle ${userHandle.slice(0, 12)}`
            )
        for (const userHandle of [null, ''])
          t.equal(
            (await new Caller(house).assert('login', ada.key, { userHandle })).status,
            401,
            'a passkey that does not say whose it is'
          )
        t.equal(
          (await (await half(ada.person)).assert('challenge', ada.key, { userHandle: null })).status,
          200,
          'half-way it need not'
        )
        const entered = new Caller(house)
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
        const { person, key } = await owner({ counts: false })
        const id = person.account.id
        const caller = await half(person)
        const waiting = await caller.options('challenge')
        t.same(
          waiting.options.allowCredentials?.map(one => one.id),
          [key.id]
        )
        const later = newKey(house, { counts: false })
        await (await person.signedIn()).enrol(later)
        t.equal(
          (await caller.verify('challenge', waiting.ceremony, later.assert(waiting.options))).status,
          401,
          'enrolled later'
        )
        t.equal((await (await half(person)).assert('challenge', newKey(house))).status, 401, 'nobody’s')
        for (const way of ways) {
          const one = await begun(person, way)
          const { ceremony, options } = await one.options(way)
          const record = (await runtime.credentials.byCredentialId(way === 'login' ? later.id : key.id))!
          if (way === 'login') await runtime.credentials.disable(id, record.id)
          else await runtime.credentials.remove(id, record.id)
          t.equal((await one.verify(way, ceremony, (way === 'login' ? later : key).assert(options))).status, 401, way)
        }
      }
    },
    {
      id: 'W9',
      refs: 'L3 §7.2 step 22',
      tried: 'a counter that is lower, equal, or back at zero; one that never counts',
      safe: 'refused and journaled; 0 after 0 is how platform passkeys are',
      async run(t) {
        const { person, key } = await owner()
        key.counter = 10
        for (const way of ways) t.equal((await (await begun(person, way)).assert(way, key)).status, 200)
        for (const counter of [12, 11, 1, 0])
          for (const way of ways)
            t.equal(
              (await (await begun(person, way)).assert(way, key, { counter })).status,
              401,
              `${way}: ${counter} after 12`
            )
        const events = (await house.journal()).split('\n').filter(line => line.includes('"counter_went_back"'))
        t.equal(events.length, 8)
        t.ok(events.every(line => line.includes(person.account.id)))
        key.counter = 12
        t.equal((await (await half(person)).assert('challenge', key)).status, 200, '13')
        const platform = await owner({ counts: false })
        for (const way of ways)
          for (let i = 0; i < 2; i++)
            t.equal((await (await begun(platform.person, way)).assert(way, platform.key)).status, 200, '0 after 0')
      }
    },
    {
      id: 'W10',
      refs: 'L3 §7.2 steps 18-19',
      tried: 'backed up without being eligible; eligibility that changed since the enrolment',
      safe: 'refused; being backed up may change',
      async run(t) {
        await refusesEach(t, [
          ['backed up, not eligible', { backedUp: true }],
          ['suddenly eligible', { backupEligible: true }],
          ['suddenly both', { backupEligible: true, backedUp: true }]
        ])
        await refusesEach(
          t,
          [
            ['no longer eligible', { backupEligible: false }],
            ['backed up, no longer eligible', { backupEligible: false, backedUp: true }]
          ],
          { backupEligible: true }
        )
        await enrolsNone(t, [['backed up, not eligible', { backedUp: true }]])
        const { person, key } = await owner({ backupEligible: true })
        for (const backedUp of [true, false])
          t.equal((await (await half(person)).assert('challenge', key, { backedUp })).status, 200)
      }
    },
    {
      id: 'W11',
      refs: 'L3 §7.1 steps 25-26',
      tried:
        'ids of 1,024 bytes and of none; an id that is enrolled already, by the same or another person; 1,023 bytes',
      safe: 'refused, refused, accepted; the first owner keeps it',
      async run(t) {
        await enrolsNone(t, [
          ['1,024 bytes', { credentialId: randomBytes(1024) }],
          ['none', { credentialId: Buffer.alloc(0) }]
        ])
        const { person, key } = await owner()
        const other = await house.person(`person${++people}`)
        for (const somebody of [person, other]) {
          const answer = await (await somebody.signedIn()).enrol(newKey(house, { credentialId: key.credentialId }))
          t.ok(isRefusal(answer), somebody === person ? 'the same person' : 'another person')
        }
        t.equal((await runtime.credentials.list(other.account.id)).length, 1)
        t.equal((await (await half(person)).assert('challenge', key)).status, 200)
        const long = await owner({ credentialId: randomBytes(1023) })
        for (const way of ways)
          t.equal((await (await begun(long.person, way)).assert(way, long.key)).status, 200, `${way}: 1,023 bytes`)
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
        await refusesEach(t, [
          ...odd,
          ['webauthn.create', { type: 'webauthn.create' }],
          ['letters', { type: 'WebAuthn.get' }]
        ])
        await enrolsNone(t, [
          ...odd,
          ['webauthn.get', { type: 'webauthn.get' }],
          ['letters', { type: 'WebAuthn.create' }]
        ])
      }
    },
    {
      id: 'W13',
      refs: 'L3 §7.1 step 20',
      tried: 'algorithms that were not offered: RS1, Ed448, none, HMAC, a key of another algorithm than it claims',
      safe: 'refused, never 500; the offered ones work',
      async run(t) {
        await enrolsNone(
          t,
          [-65535, -53, 0, 5, -37, -47, -7_000_000].map(cose => [String(cose), { cose }])
        )
        await enrolsNone(
          t,
          [
            ['an EdDSA key as RS1', { cose: -65535 }],
            ['an EdDSA key as ES256, self-attested', { cose: -7, attestation: 'self' }]
          ],
          { algorithm: 'EdDSA' }
        )
        for (const algorithm of ['ES256', 'ES384', 'EdDSA', 'RS256'] as const) {
          const { person, key } = await owner({ algorithm })
          t.equal((await (await half(person)).assert('challenge', key)).status, 200, algorithm)
        }
      }
    },
    {
      id: 'W14',
      refs: 'GHSA-6hxq-p678-4hr2',
      tried: 'attestations that are forged, cut, of unknown or misspelt formats; with `attestation: direct`, too',
      safe: 'refused; and a good one buys nothing, since the gate concludes nothing from who made a key',
      async run(t) {
        const lies: Lies = [
          ['an unknown format', { format: 'evil' }],
          ['other letters', { format: 'None' }],
          ['packed without a signature', { format: 'packed' }],
          ['TPM without a statement', { format: 'tpm' }],
          ['Apple without a statement', { format: 'apple' }],
          ['U2F without a statement', { format: 'fido-u2f' }],
          ['Android without a statement', { format: 'android-key' }],
          ['SafetyNet without a statement', { format: 'android-safetynet' }],
          ['self-attested, changed afterwards', { attestation: 'self', authenticatorDataSent: flip(36) }],
          ['self-attested as `none`', { attestation: 'self', format: 'none' }]
        ]
        await enrolsNone(t, lies)
        const config = await gate.load()
        const webauthn = { ...config.factors.webauthn, attestation: 'direct' as const }
        await gate.server.reload({ ...config, factors: { ...config.factors, webauthn } })
        await enrolsNone(t, lies)
        await gate.server.reload(config)
        const { person, key } = await owner()
        const record = await runtime.credentials.byCredentialId(key.id)
        t.notOk(JSON.stringify(record).includes('attest'), 'nothing of it is kept')
        t.equal((await (await half(person)).assert('challenge', key)).status, 200)
      }
    },
    {
      id: 'W15',
      refs: '',
      tried:
        'one bit of authenticator data, client data or signature flipped; signatures cut, empty, zero, trailing; of each algorithm',
      safe: 'refused, no 500 (RFC and W3C vectors: tests/factor)',
      async run(t) {
        const lies: Lies = [
          ...[0, 16, 31, 32, 33, 36].map(
            at => [`authenticator data ${at}`, { authenticatorDataSent: flip(at) }] as const
          ),
          ...[9, 40, -2].map(at => [`client data ${at}`, { clientDataSent: flip(at) }] as const),
          ...[-1, 8, 20].map(at => [`signature ${at}`, { signatureSent: flip(at) }] as const),
          ['the first byte of the signature', { signatureSent: flip(0) }],
          [
            'another spelling of the client data',
            { clientDataSent: bytes => Buffer.concat([bytes, Buffer.from(' ')]) }
          ],
          ['a signature cut short', { signatureSent: bytes => bytes.subarray(0, -1) }],
          ['no signature', { signatureSent: () => Buffer.alloc(0) }],
          ['zeros', { signatureSent: bytes => Buffer.alloc(bytes.length) }],
          ['r = s = 0', { signatureSent: () => Buffer.from('3006020100020100', 'hex') }],
          ['bytes behind the signature', { signatureSent: bytes => Buffer.concat([bytes, Buffer.from([0])]) }],
          ['another key’s signature', { signatureSent: () => randomBytes(71) }],
          ['two kilobytes', { signatureSent: bytes => Buffer.concat([bytes, Buffer.alloc(2000)]) }]
        ]
        for (const algorithm of ['ES256', 'EdDSA', 'RS256'] as const) await refusesEach(t, lies, { algorithm })
        t.notOk(
          gate.log.some(({ level }) => Number(level) >= 50),
          'nothing went wrong inside'
        )
      }
    },
    {
      id: 'W16',
      refs: '',
      tried:
        'client data of a megabyte, deep CBOR, claims of gigabytes, cut data, id ≠ rawId, padded base64, odd types',
      safe: 'refused within moments, process alive; a byte order mark is dropped as the standard says',
      async run(t) {
        const shapes: Lies = [
          ['client data of a megabyte', { clientData: { padding: 'x'.repeat(1_000_000) } }],
          ['client data that is no JSON', { clientDataBytes: () => Buffer.from('{') }],
          ['client data null', { clientDataBytes: () => Buffer.from('null') }],
          ['client data that is a list', { clientDataBytes: () => Buffer.from('[]') }],
          ['client data that is not UTF-8', { clientDataBytes: bytes => Buffer.concat([bytes, Buffer.from([0xff])]) }],
          ['client data that nests', { clientDataBytes: () => Buffer.from('['.repeat(5000)) }],
          ['no authenticator data', { authenticatorData: () => Buffer.alloc(0) }],
          ['too little of it', { authenticatorData: bytes => bytes.subarray(0, 36) }],
          ['too much of it', { authenticatorData: bytes => Buffer.concat([bytes, Buffer.alloc(1)]) }]
        ]
        await refusesEach(t, shapes)
        await enrolsNone(t, [
          ...shapes,
          ['no CBOR', { attestationObjectSent: () => Buffer.from('ff', 'hex') }],
          ['a number', { attestationObjectSent: () => cbor(7) }],
          ['nothing in it', { attestationObjectSent: () => cbor(new Map()) }],
          ['cut short', { attestationObjectSent: bytes => bytes.subarray(0, -9) }],
          ['lists in lists', { attestationObjectSent: () => Buffer.alloc(9_000, 0x81) }],
          ['maps in maps', { attestationObjectSent: () => Buffer.alloc(9_000, 0xa1) }],
          ['gigabytes claimed', { attestationObjectSent: () => Buffer.from('5bffffffffffffffff', 'hex') }],
          ['a list of 2^32 claimed', { attestationObjectSent: () => Buffer.from('9affffffff00', 'hex') }],
          ['more than a page takes', { attestationObjectSent: bytes => Buffer.concat([bytes, Buffer.alloc(30_000)]) }],
          ['transports without end', { transports: Array.from({ length: 1000 }, () => 'usb') }],
          ['transports that are text', { transports: 'usb' }]
        ])
        const { person, key } = await owner({ counts: false })
        type Json = ReturnType<Authenticator['assert']>
        const spellings: [string, (json: Json) => unknown][] = [
          ['id ≠ rawId', json => ({ ...json, rawId: 'AAAA' })],
          ['no rawId', json => ({ ...json, rawId: undefined })],
          ['padded id', json => ({ ...json, id: `${json.id}=`, rawId: `${json.id}=` })],
          [
            'base64 with + and /',
            json => ({
              ...json,
              response: {
                ...json.response,
                signature: Buffer.from(json.response.signature, 'base64url').toString('base64')
              }
            })
          ],
          ['an id that is a number', json => ({ ...json, id: 1, rawId: 1 })],
          ['an id that is a list', json => ({ ...json, id: [json.id], rawId: [json.id] })],
          ['another type', json => ({ ...json, type: 'password' })],
          ['no response', json => ({ ...json, response: null })],
          ['a response that is a list', json => ({ ...json, response: [json.response] })],
          ['a prototype', json => JSON.parse(JSON.stringify(json).replace('"response"', '"__proto__"'))],
          ['nothing', () => ({})]
        ]
        for (const [what, change] of spellings) {
          const caller = await half(person)
          const { ceremony, options } = await caller.options('challenge')
          const since = process.hrtime.bigint()
          const answer = await caller.verify('challenge', ceremony, change(key.assert(options)))
          const ms = Number(process.hrtime.bigint() - since) / 1e6
          t.ok(isRefusal(answer), `${what}: ${answer.status}`)
          t.ok(ms < 1000, `${what}: ${Math.round(ms)} ms`)
        }
        const marked = { clientDataBytes: (bytes: Buffer) => Buffer.concat([Buffer.from('efbbbf', 'hex'), bytes]) }
        t.equal((await (await half(person)).assert('challenge', key, marked)).status, 200)
        t.notOk(
          gate.log.some(({ level }) => Number(level) >= 50),
          'nothing went wrong inside'
        )
      }
    },
    {
      id: 'W17',
      refs: 'L3 §14.6.2',
      tried: 'options for a sign-in, with names of people with a key, without one, and of nobody',
      safe: 'the same for everybody: a passkey says itself whose it is, no name is asked',
      async run(t) {
        const { person } = await owner()
        const without = await house.person(`person${++people}`)
        const shapes = new Set<string>()
        for (const username of [person.account.name, without.account.name, 'nobody-here', ''])
          for (const caller of [new Caller(house), await without.halfWay()]) {
            const { status, body, headers } = await caller.json(
              `/.factorgate/webauthn/options?for=login&username=${username}`,
              { username, accountId: person.account.id }
            )
            const { ceremony, options } = JSON.parse(body)
            t.match(ceremony, /^[\w-]{43}$/)
            shapes.add(JSON.stringify([status, headers['content-length'], { ...options, challenge: '' }]))
          }
        t.equal(shapes.size, 1, [...shapes].join('\n'))
        t.equal(codeOf(await new Caller(house).json('/.factorgate/webauthn/options?for=challenge')), 'sign_in_required')
        const refused = async (key: Authenticator) => {
          const { status, body } = await new Caller(house).assert('login', key, { userHandle: person.account.id })
          return [status, body.replace(/"reference":"[^"]*"/, '')]
        }
        const { key: foreign } = await owner()
        t.same(await refused(foreign), await refused(newKey(house)), 'a key somebody has and one nobody has')
      }
    },
    {
      id: 'W18',
      refs: 'ASVS 6.7.2',
      tried: 'forty challenges of each kind',
      safe: '32 random bytes, none twice',
      async run(t) {
        const { person } = await owner()
        const caller = await half(person)
        const whole = await person.signedIn()
        const seen: string[] = []
        for (let i = 0; i < 40; i++)
          for (const [who, purpose] of [
            [caller, 'login'],
            [caller, 'challenge'],
            [whole, 'enrol']
          ] as const)
            seen.push((await who.options(purpose)).options.challenge)
        t.equal(new Set(seen).size, 120)
        const set = new Uint32Array(256)
        for (const challenge of seen) {
          const bytes = Buffer.from(challenge, 'base64url')
          t.equal(bytes.length, 32)
          for (let bit = 0; bit < 256; bit++) set[bit]! += (bytes[bit >> 3]! >> (bit & 7)) & 1
        }
        // Six standard deviations of 120 coins are 33.
        t.ok(
          set.every(count => Math.abs(count - 60) < 34),
          [...set].join()
        )
      }
    },
    {
      id: 'W19',
      refs: '',
      tried: 'an rpId that is a public suffix, a top-level domain, another domain, a part of a label, an address',
      safe: 'refused at start; no related-origins file is served',
      async run(t) {
        const text = readFileSync(gate.configFile, 'utf8').replaceAll(
          new RegExp(`http://(\\w+)\\.localhost:${gate.port}`, 'g'),
          'https://$1.lab.ac.uk'
        )
        const file = path.join(gate.folder, 'rp.yaml')
        const load = async (rpId: string, host = 'gate.lab.ac.uk') => {
          writeFileSync(
            file,
            text.replace(/portal: \{/, `portal: { rpId: "${rpId}",`).replaceAll('gate.lab.ac.uk', host)
          )
          const loaded = await loadConfig({ file, env: {}, cwd: gate.folder })
          return loaded.kind === 'bad' ? loaded.problems.map(problem => JSON.stringify(problem)).join('\n') : 'fine'
        }
        t.equal(await load('gate.lab.ac.uk'), 'fine')
        t.equal(await load('lab.ac.uk'), 'fine')
        for (const rpId of [
          'ac.uk',
          'uk',
          'ab.ac.uk',
          'evil.test',
          'app.lab.ac.uk',
          'x.gate.lab.ac.uk',
          'https://lab.ac.uk',
          'lab.ac.uk:443',
          '*',
          '',
          '.lab.ac.uk'
        ])
          t.match(await load(rpId), /rpId/, rpId || 'nothing')
        t.match(await load('github.io', 'gate.github.io'), /rpId/, 'github.io')
        const { status } = await new Caller(house).get('/.well-known/webauthn')
        t.equal(status, 404)
      }
    },
    {
      id: 'W20',
      refs: '',
      tried:
        'an enrolment finished for another person: after switching accounts, with another’s id in the request, in another session',
      safe: 'refused; a key is bound to who began',
      async run(t) {
        const [ada, ben] = [await house.person(`person${++people}`), await house.person(`person${++people}`)]
        const asAda = await ada.signedIn()
        const asBen = await ben.signedIn([], asAda.address)
        const begun = await asAda.options('enrol')
        const key = newKey(house)
        t.ok(
          isRefusal(await asBen.verify('enrol', begun.ceremony, key.register(begun.options))),
          'finished as somebody else'
        )
        const second = await asAda.options('enrol')
        t.ok(
          isRefusal(await (await ada.signedIn()).verify('enrol', second.ceremony, key.register(second.options))),
          'in another session'
        )
        const claims = {
          account: ben.account.id,
          accountId: ben.account.id,
          user: { id: ben.account.id },
          username: ben.account.name
        }
        const { ceremony, options } = JSON.parse(
          (await asAda.json('/.factorgate/webauthn/options?for=enrol', claims)).body
        )
        t.equal(options.user.id, ada.account.id)
        const response = key.register({ ...options, user: { id: ben.account.id } })
        t.equal(
          (await asAda.json('/.factorgate/webauthn/verify?for=enrol', { ...claims, ceremony, response, name: 'Key' }))
            .status,
          200
        )
        t.equal((await runtime.credentials.list(ben.account.id)).length, 1, 'nothing of it is at the other’s')
        t.equal((await runtime.credentials.byCredentialId(key.id))?.accountId, ada.account.id)
        const claimed = await new Caller(house, elsewhere()).assert('login', key, { userHandle: ben.account.id })
        t.equal(claimed.status, 401, 'and it opens nobody else’s account')
      }
    }
  ]
}

/** A refusal in our words: never a success, never a mistake of the gate's. */
function isRefusal({ status, body }: Told): boolean {
  return [400, 401, 403, 413].includes(status) && /"error":\{"code":"\w+"/.test(body)
}

/** The same browser as far as its cookies go, from elsewhere. */
function copyOf(caller: Caller, address: string): Caller {
  const copy = new Caller(caller.house, address)
  for (const [name, value] of caller.jar()) copy.jar().set(name, value)
  return copy
}
