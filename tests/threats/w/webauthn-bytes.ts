/** THREATS W9 to W11 and W13 to W16: what an authenticator claims under its signature, and bytes that are no claim at all. */
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { type Authenticator, cbor } from '../../fixtures/in-process/authenticator.ts'
import { type Fixture, newKey } from '../../fixtures/in-process/callers.ts'
import type { Row } from '../table.ts'
import { selfMadeMaker } from './attestation.ts'
import { Forger, flip, isRefusal, type Lies, ways } from './webauthn-forger.ts'

export function byteRows(fixture: Fixture): Row[] {
  const { gate, runtime } = fixture
  const forger = new Forger(fixture)

  return [
    {
      id: 'W9',
      refs: 'L3 §7.2 step 22',
      tried: 'a counter that is lower, equal, or back at zero; one that never counts',
      safe: 'refused and journaled; 0 after 0 is how platform passkeys are',
      async run(t) {
        const { person, key } = await forger.owner()
        key.counter = 10
        for (const way of ways) t.equal((await (await forger.begun(person, way)).assert(way, key)).status, 200)
        for (const counter of [12, 11, 1, 0])
          for (const way of ways)
            t.equal(
              (await (await forger.begun(person, way)).assert(way, key, { counter })).status,
              401,
              `${way}: ${counter} after 12`
            )
        const events = (await fixture.journal()).split('\n').filter(line => line.includes('"counter_went_back"'))
        t.equal(events.length, 8)
        t.ok(events.every(line => line.includes(person.account.id)))
        key.counter = 12
        t.equal((await (await forger.half(person)).assert('challenge', key)).status, 200, '13')
        const platform = await forger.owner({ counts: false })
        for (const way of ways)
          for (let i = 0; i < 2; i++)
            t.equal(
              (await (await forger.begun(platform.person, way)).assert(way, platform.key)).status,
              200,
              '0 after 0'
            )
      }
    },
    {
      id: 'W10',
      refs: 'L3 §7.2 steps 18-19',
      tried: 'backed up without being eligible; eligibility that changed since the enrolment',
      safe: 'refused; being backed up may change',
      async run(t) {
        await forger.refusesEach(t, [
          ['backed up, not eligible', { backedUp: true }],
          ['suddenly eligible', { backupEligible: true }],
          ['suddenly both', { backupEligible: true, backedUp: true }]
        ])
        await forger.refusesEach(
          t,
          [
            ['no longer eligible', { backupEligible: false }],
            ['backed up, no longer eligible', { backupEligible: false, backedUp: true }]
          ],
          { backupEligible: true }
        )
        await forger.enrolsNone(t, [['backed up, not eligible', { backedUp: true }]])
        const { person, key } = await forger.owner({ backupEligible: true })
        for (const backedUp of [true, false])
          t.equal((await (await forger.half(person)).assert('challenge', key, { backedUp })).status, 200)
      }
    },
    {
      id: 'W11',
      refs: 'L3 §7.1 steps 25-26',
      tried:
        'ids of 1,024 bytes and of none; an id that is enrolled already, by the same or another person; 1,023 bytes',
      safe: 'refused, refused, accepted; the first owner keeps it',
      async run(t) {
        await forger.enrolsNone(t, [
          ['1,024 bytes', { credentialId: randomBytes(1024) }],
          ['none', { credentialId: Buffer.alloc(0) }]
        ])
        const { person, key } = await forger.owner()
        const other = await fixture.somebody()
        for (const somebody of [person, other]) {
          const answer = await (await somebody.signedIn()).enrol(newKey(fixture, { credentialId: key.credentialId }))
          t.ok(isRefusal(answer), somebody === person ? 'the same person' : 'another person')
        }
        t.equal((await runtime.credentials.list(other.account.id)).length, 1)
        t.equal((await (await forger.half(person)).assert('challenge', key)).status, 200)
        const long = await forger.owner({ credentialId: randomBytes(1023) })
        for (const way of ways)
          t.equal(
            (await (await forger.begun(long.person, way)).assert(way, long.key)).status,
            200,
            `${way}: 1,023 bytes`
          )
      }
    },
    {
      id: 'W13',
      refs: 'L3 §7.1 step 20',
      tried: 'algorithms that were not offered: RS1, Ed448, none, HMAC, a key of another algorithm than it claims',
      safe: 'refused, never 500; the offered ones work',
      async run(t) {
        await forger.enrolsNone(
          t,
          [-65535, -53, 0, 5, -37, -47, -7_000_000].map(cose => [String(cose), { cose }])
        )
        await forger.enrolsNone(
          t,
          [
            ['an EdDSA key as RS1', { cose: -65535 }],
            ['an EdDSA key as ES256, self-attested', { cose: -7, attestation: 'self' }]
          ],
          { algorithm: 'EdDSA' }
        )
        for (const algorithm of ['ES256', 'ES384', 'EdDSA', 'RS256'] as const) {
          const { person, key } = await forger.owner({ algorithm })
          t.equal((await (await forger.half(person)).assert('challenge', key)).status, 200, algorithm)
        }
      }
    },
    {
      id: 'W14',
      refs: 'GHSA-6hxq-p678-4hr2',
      tried:
        'attestations that are forged, cut, of unknown or misspelt formats; a certificate chain of the attacker’s own making; with `attestation: direct`, too',
      safe: 'what does not fit is refused; without a policy the attacker’s own chain enrols like none at all and buys nothing, and the reference says so',
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
        const maker = await selfMadeMaker(t)
        const { packed, leaf, root } = maker
        const chain = (statement: (data: Buffer) => Map<string, unknown>) => ({ format: 'packed', statement })
        const ownChains: Lies = [
          ['a chain over other bytes', chain(data => packed(Buffer.concat([data, data])))],
          ['an authority as the device', chain(data => packed(data, [root]))],
          ['a chain upside down', chain(data => packed(data, [root, leaf]))],
          ['a chain of nothing', chain(data => packed(data, []))],
          ['a chain of what is no certificate', chain(data => packed(data, [Buffer.from('no certificate')]))],
          ['a chain under another format', { ...chain(packed), format: 'fido-u2f' }]
        ]
        await forger.enrolsNone(t, [...lies, ...ownChains])
        const config = await gate.load()
        const webauthn = { ...config.factors.webauthn, attestation: 'direct' as const }
        await gate.server.reload({ ...config, factors: { ...config.factors, webauthn } })
        await forger.enrolsNone(t, [...lies, ...ownChains])
        const plain = await forger.owner()
        const attested = { person: await fixture.somebody(), key: newKey(fixture) }
        const browser = await attested.person.signedIn()
        t.equal((await browser.enrol(attested.key, chain(packed))).status, 200, 'a chain of one’s own enrols')
        await gate.server.reload(config)
        const kept = async ({ key }: { key: Authenticator }) => {
          const record = await runtime.credentials.byCredentialId(key.id)
          return Object.entries(record ?? {}).map(
            ([name, value]) => `${name} ${name === 'name' ? value : typeof value}`
          )
        }
        t.same(await kept(attested), await kept(plain), 'and is kept as one without: no maker, no certificate')
        for (const { person, key } of [plain, attested])
          t.equal((await (await forger.half(person)).assert('challenge', key)).status, 200)
        const reference = readFileSync(new URL('../../../config/reference.md', import.meta.url), 'utf8')
        t.match(reference, /`direct`[^\n]*does not verify the claim/, 'which the reference says')
      }
    },
    {
      id: 'W15',
      refs: '',
      tried:
        'one bit of authenticator data, client data or signature flipped; signatures cut, empty, zero, trailing; of each algorithm',
      safe: 'refused, no 500 (every form: tests/factor/signatures.test.ts)',
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
        for (const algorithm of ['ES256', 'EdDSA', 'RS256'] as const) await forger.refusesEach(t, lies, { algorithm })
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
        await forger.refusesEach(t, shapes)
        await forger.enrolsNone(t, [
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
        const { person, key } = await forger.owner({ counts: false })
        type Json = ReturnType<Authenticator['assert']>
        const spellings: [string, (json: Json) => unknown][] = [
          ['id ≠ rawId', json => ({ ...json, rawId: 'AAAA' })],
          ['no rawId', json => ({ ...json, rawId: undefined })],
          ['padded id', json => ({ ...json, id: `${json.id}=`, rawId: `${json.id}=` })],
          [
            // One signature in a hundred reads the same in both; authenticator data of 37 bytes never does, for its padding.
            'base64 with + and /, padded',
            json => ({
              ...json,
              response: {
                ...json.response,
                authenticatorData: plainBase64(json.response.authenticatorData),
                signature: plainBase64(json.response.signature)
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
          const caller = await forger.half(person)
          const { ceremony, options } = await caller.options('challenge')
          const answer = await caller.verify('challenge', ceremony, change(key.assert(options)))
          t.ok(isRefusal(answer), `${what}: ${answer.status}`)
        }
        const marked = { clientDataBytes: (bytes: Buffer) => Buffer.concat([Buffer.from('efbbbf', 'hex'), bytes]) }
        t.equal((await (await forger.half(person)).assert('challenge', key, marked)).status, 200)
        t.notOk(
          gate.log.some(({ level }) => Number(level) >= 50),
          'nothing went wrong inside'
        )
      }
    }
  ]
}

/** A value of base64url in the alphabet of RFC 4648 §4. */
function plainBase64(text: string): string {
  return Buffer.from(text, 'base64url').toString('base64')
}
