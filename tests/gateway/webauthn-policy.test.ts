/** `factors.webauthn.policy` on a running gate: the pages at enrolment and sign-in, and the journal. */
import { readFileSync, writeFileSync } from 'node:fs'
import t from 'tap'
import { Caller, Fixture, newKey } from '../fixtures/in-process/callers.ts'
import { Maker, packed } from '../fixtures/in-process/maker.ts'

const good = 'fa2b99dc-9e39-4257-8f92-4a30d23c4118'

/** The sentence of a page or of an answer, without its markup. */
const words = (body: string) => body.replace(/<[^>]+>/g, ' ').replace(/\s+/g, ' ')

/** Puts a policy into the file, and loads it. */
async function set({ gate }: Fixture, policy: string): Promise<void> {
  const text = readFileSync(gate.configFile, 'utf8').replace(/^factors:.*\n/m, '')
  writeFileSync(gate.configFile, text.replace(/^apps:/m, `factors: { webauthn: { policy: ${policy} } }\napps:`))
  await gate.server.reload(await gate.load())
}

const linesOf = async (fixture: Fixture, kind: string) =>
  (await fixture.journal())
    .split('\n')
    .filter(line => line !== '')
    .map(line => JSON.parse(line) as Record<string, unknown>)
    .filter(line => line.kind === kind)

t.test('AAL3 in one key: its manufacturer must vouch for it, and it cannot be copied', async t => {
  const maker = new Maker(t)
  const [root, strange] = [await maker.root(), await maker.root()]
  const leaf = await maker.issue({ by: root, aaguid: good })
  const stranger = await maker.issue({ by: strange, aaguid: good })
  const fixture = await Fixture.start(t)
  // The certificates are a moment old, and the clock stands where the last half minute began.
  fixture.time.advance(60)
  await set(fixture, `{ profile: aal3, trustAnchors: ["${root.file}"], allow: [${good.toUpperCase()}] }`)
  const ada = await fixture.person('ada')
  const caller = await ada.signedIn()
  const { options } = await caller.options('enrol')
  t.match(options, {
    attestation: 'direct',
    hints: ['security-key'],
    authenticatorSelection: { userVerification: 'required' }
  })
  const refused = [
    [
      'a passkey that is synced',
      { backupEligible: true, backedUp: true },
      packed,
      leaf,
      /can be copied to other devices/
    ],
    ['a key without attestation', {}, null, leaf, /maker/],
    ['a key of another manufacturer', {}, packed, stranger, /maker/]
  ] as const
  for (const [what, traits, make, by, sentence] of refused) {
    const key = newKey(fixture, { aaguid: good, ...traits })
    const answer = await caller.enrol(key, make === null ? {} : { format: 'packed', statement: data => make(data, by) })
    t.equal(answer.status, 403, what)
    t.equal(answer.headers['factorgate-error'], 'authenticator_not_allowed', what)
    const { error } = JSON.parse(answer.body)
    t.match(error, { code: 'authenticator_not_allowed', message: sentence, isUnknown: true }, what)
  }
  const unlisted = await caller.enrol(newKey(fixture, { aaguid: '2fc0579f-8113-47ea-b116-bb5a8db9202a' }), {
    format: 'packed',
    statement: data => packed(data, leaf)
  })
  t.equal(unlisted.status, 403, 'another model than its certificate is for')
  const unverified = await caller.enrol(newKey(fixture, { aaguid: good, userVerifies: false }), {
    format: 'packed',
    statement: data => packed(data, leaf)
  })
  t.equal(unverified.status, 401, 'without a PIN, finger or face')
  t.equal((await fixture.runtime.credentials.list(ada.account.id)).length, 1, 'nothing but the app was enrolled')

  const key = newKey(fixture, { aaguid: good })
  const enrolled = await caller.enrol(key, { format: 'packed', statement: data => packed(data, leaf) })
  t.equal(enrolled.status, 200, enrolled.body)
  t.match(JSON.parse((await new Caller(fixture).assert('login', key)).body), { redirect: /./ }, 'and it signs in')
  t.match(
    (await linesOf(fixture, 'enrol')).map(({ outcome, why }) => [outcome, why]),
    [
      ['unfit', 'synced'],
      ['unfit', 'unattested'],
      ['unfit', 'unattested'],
      ['unfit', 'unattested'],
      ['refused', undefined],
      ['enrolled', undefined]
    ]
  )
})

t.test('a later policy: an unfit key opens nothing, and its owner sees why', async t => {
  const fixture = await Fixture.start(t)
  const [ada, bob] = [await fixture.person('ada'), await fixture.person('bob', { factor: false })]
  const [synced, bobs] = [newKey(fixture, { backupEligible: true }), newKey(fixture, { backupEligible: true })]
  t.equal((await (await ada.signedIn()).enrol(synced)).status, 200)
  t.equal((await (await bob.proved(['invitation'])).enrol(bobs)).status, 200)
  await fixture.runtime.store.delete(`recovery:${bob.account.id}`)
  await new Caller(fixture).assert('login', synced)
  const early = await ada.halfWay()
  const begun = await early.options('challenge')
  await set(fixture, '{ syncedPasskeys: refuse }')

  const alone = await new Caller(fixture).assert('login', synced)
  t.equal(alone.status, 403)
  t.match(JSON.parse(alone.body).error, {
    code: 'authenticator_not_allowed',
    message: /not accepted here any more, because it can be copied to other devices\. Sign in with your password/
  })
  t.match(await linesOf(fixture, 'login').then(lines => lines.at(-1)), {
    factor: 'webauthn',
    outcome: 'unfit',
    why: 'synced',
    name: 'ada'
  })
  const forged = await new Caller(fixture).assert('login', synced, {
    signatureSent: bytes => Buffer.from([...bytes.subarray(0, -1), bytes.at(-1)! ^ 1])
  })
  t.equal(JSON.parse(forged.body).error.code, 'wrong_credentials', 'without the key the answer tells nothing')

  const half = await ada.halfWay()
  const page = await half.get('/.factorgate/challenge')
  t.equal(page.status, 200)
  t.match(words(page.body), /Your passkey is not accepted here any more, because it can be copied to other devices/)
  t.notMatch(page.body, /data-passkey="challenge"/, 'and is not offered')
  t.match(page.body, /name="code"/, 'while the code is')

  const shown = await early.verify('challenge', begun.ceremony, synced.assert(begun.options))
  t.same(
    [shown.status, shown.headers['factorgate-error']],
    [403, 'authenticator_not_allowed'],
    'nor taken from an earlier page'
  )
  t.match(JSON.parse(shown.body).error, {
    code: 'authenticator_not_allowed',
    message: /not accepted here any more, because it can be copied to other devices/
  })

  const account = await (await ada.signedIn()).get('/.factorgate/account')
  t.match(
    words(account.body),
    /not accepted here any more, because it can be copied to other devices; add a security key/
  )

  const dead = await (await bob.halfWay()).get('/.factorgate/challenge')
  t.match(words(dead.body), /Your passkey is not accepted any more|is not accepted here any more/)

  const again = newKey(fixture, { backupEligible: false })
  t.equal((await (await ada.signedIn()).enrol(again)).status, 200, 'a key that cannot be copied enrols')
  t.equal((await new Caller(fixture).assert('login', again)).status, 200)
  t.notMatch(words((await (await ada.halfWay()).get('/.factorgate/challenge')).body), /not accepted here any more/)

  await set(fixture, '{ syncedPasskeys: allow }')
  t.equal((await new Caller(fixture).assert('login', synced)).status, 200, 'without the policy it counts again')
})

t.test('the last factor that the policy takes cannot be removed in favour of one that it does not', async t => {
  const fixture = await Fixture.start(t)
  const ada = await fixture.person('ada', { factor: false })
  const [synced, fits] = [newKey(fixture, { backupEligible: true }), newKey(fixture)]
  const first = await ada.proved(['invitation'])
  t.equal((await first.enrol(synced)).status, 200)
  t.equal((await (await ada.proved(['password', 'webauthn'])).enrol(fits)).status, 200)
  await set(fixture, '{ syncedPasskeys: refuse }')
  const kept = (await fixture.runtime.credentials.list(ada.account.id)).find(
    one => one.kind === 'webauthn' && !one.backupEligible
  )!
  const caller = await ada.proved(['password', 'webauthn'])
  const path = `/.factorgate/account/factors/${kept.id}/remove`
  t.match(words((await caller.get(path)).body), /only second factor|Add another/)
  t.equal((await caller.post(path)).headers['factorgate-error'], 'last_factor')
})
