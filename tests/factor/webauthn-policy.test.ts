/** The policy for passkeys and security keys: chains to trust anchors, models, synced passkeys, at enrolment and at each use. */
import { readFileSync } from 'node:fs'
import t from 'tap'
import { anchorOf, trustAnchors } from '../../src/factor/attestation-chain.ts'
import { Webauthn } from '../../src/factor/webauthn.ts'
import { type Misfit, misfitOf, type WebauthnPolicy } from '../../src/factor/webauthn-policy.ts'
import { Authenticator, type AuthenticatorTraits, type Changes } from '../fixtures/in-process/authenticator.ts'
import { alice, fixture, home } from '../fixtures/in-process/factors.ts'
import { type Issued, Maker, packed } from '../fixtures/in-process/maker.ts'

const good = 'fa2b99dc-9e39-4257-8f92-4a30d23c4118'
const other = '2fc0579f-8113-47ea-b116-bb5a8db9202a'
const open: WebauthnPolicy = { allow: null, deny: [], anchors: [], refusesSynced: false }

const anchorsOf = (...issued: Issued[]) => trustAnchors(issued.map(({ file }) => readFileSync(file, 'utf8')).join('\n'))

/** The factor as another configuration sees the same store. */
function under(all: ReturnType<typeof fixture>, policy: WebauthnPolicy | null) {
  const { store, clock, credentials, limiter, ring } = all
  return new Webauthn({
    ...{ store, clock, credentials, limiter },
    keyring: () => ring.keyring,
    rpId: 'gate.example',
    rpName: 'Example Lab',
    origins: ['https://gate.example'],
    userVerification: 'required',
    attestation: 'direct',
    policy
  })
}

async function enrol(webauthn: Webauthn, key: Authenticator, changes: Changes = {}) {
  const { ceremony, options } = await webauthn.registrationOptions(alice, 's1')
  const response = key.register(options, changes)
  return webauthn.register({ account: alice, binding: 's1', ceremony, response, name: 'Key', address: home })
}

t.test('a chain leads to an anchor over authorities that are valid', async t => {
  const maker = new Maker(t)
  const root = await maker.root()
  const stranger = await maker.root()
  const authority = await maker.issue({ by: root, subject: '/CN=Maker CA', isAuthority: true })
  const leaf = await maker.issue({ by: root })
  const below = await maker.issue({ by: authority })
  // A maker's own device whose key was used to sign another certificate.
  const forged = await maker.issue({ by: leaf })
  const now = Date.now()
  const rows: [what: string, chain: Issued[], anchors: Issued[], at: number, expected: Issued | null][] = [
    ['the leaf alone', [leaf], [root], now, root],
    ['with its root', [leaf, root], [root], now, root],
    ['one of several anchors', [leaf], [stranger, root], now, root],
    ['over an authority', [below, authority], [root], now, root],
    ['over an authority and its root', [below, authority, root], [root], now, root],
    ['an authority as anchor', [below], [authority], now, authority],
    ['the leaf itself as anchor', [leaf], [leaf], now, leaf],
    ['what stands behind an anchor is not looked at', [leaf, stranger], [root], now, root],
    ['nobody’s anchor', [leaf, root], [stranger], now, null],
    ['no anchor', [leaf, root], [], now, null],
    ['a missing authority', [below], [root], now, null],
    ['a device as authority', [forged, leaf, root], [root], now, null],
    ['a device as authority and as anchor', [forged], [leaf], now, null],
    ['two that do not belong together', [leaf, authority], [stranger], now, null],
    ['the root of another behind the own leaf', [forged, root], [root], now, null],
    ['later than it is valid', [leaf], [root], now + 3 * 86_400_000, null],
    ['earlier than it is valid', [leaf], [root], now - 86_400_000, null],
    ['no certificate', [], [root], now, null],
    ['a long chain', Array(9).fill(leaf), [root], now, null]
  ]
  for (const [what, chain, anchors, at, expected] of rows)
    t.same(
      anchorOf(
        chain.map(({ der }) => der),
        anchorsOf(...anchors),
        at
      )?.id,
      expected === null ? undefined : anchorsOf(expected)[0]!.id,
      what
    )
  t.equal(anchorOf([Buffer.from('30030201', 'hex')], anchorsOf(root), now), null, 'what is no certificate')
})

t.test('says which credential does not fit, and why', async t => {
  const [anchor] = anchorsOf(await new Maker(t).root())
  const key = { aaguid: good, backupEligible: false }
  const rows: [what: string, policy: Partial<WebauthnPolicy> | null, credential: object, Misfit | null][] = [
    ['no policy', null, { backupEligible: true }, null],
    ['an empty policy', {}, { backupEligible: true }, null],
    ['a synced one', { refusesSynced: true }, { backupEligible: true }, 'synced'],
    ['one that stays', { refusesSynced: true }, {}, null],
    ['nobody vouches', { anchors: [anchor!] }, {}, 'unattested'],
    ['another vouches', { anchors: [anchor!] }, { attestedBy: 'another' }, 'unattested'],
    ['the anchor vouches', { anchors: [anchor!] }, { attestedBy: anchor!.id }, null],
    ['a denied model', { deny: [good] }, {}, 'denied_model'],
    ['in capitals', { deny: [good] }, { aaguid: good.toUpperCase() }, 'denied_model'],
    ['another is denied', { deny: [other] }, {}, null],
    ['an unlisted model', { allow: [other] }, {}, 'unlisted_model'],
    ['a listed model', { allow: [other, good] }, {}, null],
    ['no model', { allow: [good] }, { aaguid: '00000000-0000-0000-0000-000000000000' }, 'unlisted_model'],
    ['synced comes first', { refusesSynced: true, allow: [other] }, { backupEligible: true }, 'synced']
  ]
  for (const [what, policy, credential, expected] of rows)
    t.equal(misfitOf(policy && { ...open, ...policy }, { ...key, ...credential }), expected, what)
})

t.test('W14 with trust anchors only what a trusted maker vouches for enrols', async t => {
  const maker = new Maker(t)
  const [root, strange] = [await maker.root(), await maker.root()]
  const leaf = await maker.issue({ by: root, aaguid: good })
  const stranger = await maker.issue({ by: strange, aaguid: good })
  const oddName = await maker.issue({ by: root, subject: '/C=DE/O=Maker/OU=Web server/CN=x' })
  const anchors = anchorsOf(root)
  const statement = (of: Issued, chain?: Issued[]): Changes => ({
    format: 'packed',
    statement: data => packed(data, of, chain)
  })
  const rows: [what: string, changes: Changes, outcome: unknown, traits?: AuthenticatorTraits][] = [
    ['a maker’s own key', statement(leaf), { kind: 'enrolled' }],
    ['with the whole chain', statement(leaf, [leaf, root]), { kind: 'enrolled' }],
    ['nothing', {}, { kind: 'unfit', why: 'unattested' }],
    ['its own word', { attestation: 'self' }, { kind: 'unfit', why: 'unattested' }],
    ['another maker', statement(stranger, [stranger, strange]), { kind: 'unfit', why: 'unattested' }],
    ['the maker’s root behind a stranger', statement(stranger, [stranger, root]), { kind: 'unfit', why: 'unattested' }],
    ['a certificate that is for something else', statement(oddName), { kind: 'unfit', why: 'unattested' }],
    ['another model than its certificate’s', statement(leaf), { kind: 'unfit', why: 'unattested' }, { aaguid: other }],
    [
      'a stolen certificate',
      { format: 'packed', statement: data => packed(data, stranger, [leaf]) },
      { kind: 'refused' }
    ],
    [
      'a signature over other bytes',
      { format: 'packed', statement: data => packed(Buffer.concat([data, data]), leaf) },
      { kind: 'refused' }
    ],
    [
      'SafetyNet, which has ended',
      {
        format: 'android-safetynet',
        statement: () =>
          new Map<string, unknown>([
            ['ver', '1'],
            ['response', Buffer.alloc(9, 1)]
          ])
      },
      { kind: 'unfit', why: 'unattested' }
    ],
    [
      'a U2F statement that signs nothing',
      {
        format: 'fido-u2f',
        statement: () =>
          new Map<string, unknown>([
            ['x5c', [leaf.der]],
            ['sig', Buffer.alloc(70, 1)]
          ])
      },
      { kind: 'unfit', why: 'unattested' }
    ]
  ]
  for (const [what, changes, outcome, traits] of rows) {
    const all = fixture({ now: Date.now() })
    const strict = under(all, { ...open, anchors })
    const answer = await enrol(strict, new Authenticator({ aaguid: good, ...traits }), changes)
    t.match(answer, outcome as object, what)
    t.equal((await all.credentials.list(alice.id)).length, answer.kind === 'enrolled' ? 1 : 0, `${what}: in the store`)
    if (answer.kind !== 'enrolled') continue
    t.match(answer.credential, { attestedBy: anchors[0]!.id, aaguid: good })
    const asked = await strict.authenticationOptions({ accountId: alice.id, binding: 's1' })
    t.equal(asked.options.allowCredentials?.length, 1, `${what}: and is offered`)
  }
})

t.test('models and synced passkeys are refused at enrolment, with the model by name, and cost no try', async t => {
  const all = fixture({ now: Date.now() })
  const strict = under(all, { ...open, allow: [good], refusesSynced: true })
  for (let i = 0; i < 6; i++)
    t.same(await enrol(strict, new Authenticator({ aaguid: other })), {
      kind: 'unfit',
      why: 'unlisted_model',
      model: 'YubiKey 5 NFC'
    })
  t.match(await enrol(strict, new Authenticator({ aaguid: good, backupEligible: true })), {
    kind: 'unfit',
    why: 'synced'
  })
  t.match(await enrol(strict, new Authenticator({ aaguid: good })), { kind: 'enrolled' })
  const { options } = await strict.registrationOptions(alice, 's1')
  t.same(options.hints, ['security-key'], 'browsers ask for a key first')
})

t.test('what is enrolled and does not fit any more opens nothing, and says why to whoever holds it', async t => {
  const maker = new Maker(t)
  const [root, next] = [await maker.root(), await maker.root()]
  const leaf = await maker.issue({ by: root })
  const all = fixture({ now: Date.now() })
  const before = under(all, { ...open, anchors: anchorsOf(root) })
  const synced = new Authenticator({ aaguid: good, backupEligible: true })
  const attested: Changes = { format: 'packed', statement: data => packed(data, leaf) }
  const enrolled = await enrol(before, synced, attested)
  t.equal(enrolled.kind, 'enrolled')
  const credential = (await all.credentials.list(alice.id))[0]!

  const policies: [what: string, policy: WebauthnPolicy, why: Misfit][] = [
    ['synced ones are refused', { ...open, refusesSynced: true }, 'synced'],
    ['its maker is trusted no more', { ...open, anchors: anchorsOf(next) }, 'unattested'],
    ['its model is denied', { ...open, anchors: anchorsOf(root), deny: [good] }, 'denied_model'],
    ['its model is not listed', { ...open, allow: [other] }, 'unlisted_model']
  ]
  for (const [what, policy, why] of policies) {
    const strict = under(all, policy)
    t.equal(strict.misfitOf(credential), why, what)
    const asked = await strict.authenticationOptions({ accountId: alice.id, binding: 's1' })
    t.same(asked.options.allowCredentials, [], `${what}: it is not asked for`)
    const anyway = { ceremony: asked.ceremony, response: synced.assert(asked.options) }
    t.match(
      await strict.authenticate({ accountId: alice.id, binding: 's1', ...anyway, address: home }),
      { kind: 'refused' },
      `${what}: nor taken`
    )
    all.time.advance(400)
    // Begun before the policy changed.
    const early = await before.authenticationOptions({ accountId: alice.id, binding: 's1' })
    const late = { ceremony: early.ceremony, response: synced.assert(early.options) }
    t.match(
      await strict.authenticate({ accountId: alice.id, binding: 's1', ...late, address: home }),
      { kind: 'unfit', why },
      `${what}: in a ceremony from before`
    )
    const alone = await strict.authenticationOptions({ accountId: null, binding: 's1' })
    const passkey = { ceremony: alone.ceremony, response: synced.assert(alone.options) }
    t.match(
      await strict.authenticate({ accountId: null, binding: 's1', ...passkey, address: home }),
      { kind: 'unfit', accountId: alice.id, why },
      `${what}: as a sign-in of its own`
    )
    const again = await strict.authenticationOptions({ accountId: null, binding: 's1' })
    const forged = synced.assert(again.options, {
      signatureSent: bytes => Buffer.from([...bytes.subarray(0, -1), bytes.at(-1)! ^ 1])
    })
    t.match(
      await strict.authenticate({
        accountId: null,
        binding: 's1',
        ceremony: again.ceremony,
        response: forged,
        address: home
      }),
      { kind: 'refused' },
      `${what}: whoever does not hold it hears nothing`
    )
    const { options } = await strict.registrationOptions(alice, 's1')
    t.same(options.excludeCredentials, [], `${what}: and may be enrolled again`)
    all.time.advance(400)
  }
  const asked = await before.authenticationOptions({ accountId: alice.id, binding: 's1' })
  const answer = { ceremony: asked.ceremony, response: synced.assert(asked.options) }
  t.match(
    await before.authenticate({ accountId: alice.id, binding: 's1', ...answer, address: home }),
    { kind: 'verified' },
    'under the policy it was enrolled with it still counts'
  )
})
