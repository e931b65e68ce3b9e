/** What an answer of a SAML provider must say beside its signature, and whom it makes of a person. */
import t from 'tap'
import { isInScope } from '../../../src/identity/saml/scope.ts'
import { makeRig, type RigOptions } from '../../fixtures/in-process/saml-institution.ts'
import {
  attributeOf,
  eppn,
  makePair,
  mfa,
  SamlProvider,
  type Say,
  subjectId
} from '../../fixtures/in-process/saml-provider.ts'

const pair = makePair(t, 'idp')
const newPair = makePair(t, 'new')
const provider = new SamlProvider('https://idp.example/entity', pair)
const entitlement = 'urn:oid:1.3.6.1.4.1.5923.1.1.1.7'
const assurance = 'urn:oid:1.3.6.1.4.1.5923.1.1.1.11'

type Change = (assertion: string, say: Say) => string
const minutes = (say: Say, count: number) => new Date(say.now + count * 60_000).toISOString()
const refusals: readonly (readonly [string, Change, RegExp])[] = [
  [
    'another audience',
    each => each.replace(/<saml:Audience>[^<]*/, '<saml:Audience>https://elsewhere.example'),
    /another audience/
  ],
  [
    'a second restriction of audiences that leaves us out',
    each =>
      each.replace(
        '</saml:AudienceRestriction>',
        '</saml:AudienceRestriction><saml:AudienceRestriction><saml:Audience>https://elsewhere.example</saml:Audience></saml:AudienceRestriction>'
      ),
    /another audience/
  ],
  [
    'no audience',
    each => each.replace(/<saml:AudienceRestriction>.*<\/saml:AudienceRestriction>/, ''),
    /another audience/
  ],
  ['no conditions', each => each.replace(/<saml:Conditions.*<\/saml:Conditions>/, ''), /no Conditions/],
  [
    'a condition that nobody knows',
    each =>
      each.replace(
        '<saml:AudienceRestriction>',
        '<saml:Condition xmlns:x="urn:x" x:type="y"/><saml:AudienceRestriction>'
      ),
    /condition that the gate does not know/
  ],
  [
    'another Recipient',
    each => each.replace(/Recipient="[^"]*"/, 'Recipient="https://elsewhere.example/acs"'),
    /Recipient/
  ],
  ['no Recipient', each => each.replace(/ Recipient="[^"]*"/, ''), /Recipient/],
  [
    'no InResponseTo: a sign-in that nobody here began',
    each => each.replace(/ InResponseTo="[^"]*"/, ''),
    /answers no request/
  ],
  [
    'InResponseTo of two requests',
    each => each.replace(/InResponseTo="[^"]*"/, 'InResponseTo="_other"'),
    /different requests/
  ],
  [
    'a confirmation that is over',
    (each, say) => each.replace(/(SubjectConfirmationData NotOnOrAfter=")[^"]*/, `$1${minutes(say, -2)}`),
    /expired at/
  ],
  [
    'a confirmation without an end',
    each => each.replace(/(SubjectConfirmationData) NotOnOrAfter="[^"]*"/, '$1'),
    /no NotOnOrAfter/
  ],
  ['holder of key instead of bearer', each => each.replace('cm:bearer', 'cm:holder-of-key'), /no bearer confirmation/],
  [
    'conditions that are over',
    (each, say) => each.replace(/(Conditions NotBefore="[^"]*" NotOnOrAfter=")[^"]*/, `$1${minutes(say, -2)}`),
    /expired at/
  ],
  [
    'conditions that begin later',
    (each, say) => each.replace(/(Conditions NotBefore=")[^"]*/, `$1${minutes(say, 3)}`),
    /begins at/
  ],
  [
    'made in the future',
    (each, say) => each.replace(/IssueInstant="[^"]*"/, `IssueInstant="${minutes(say, 3)}"`),
    /in the future/
  ],
  [
    'a sign-in in the future',
    (each, say) => each.replace(/AuthnInstant="[^"]*"/, `AuthnInstant="${minutes(say, 3)}"`),
    /in the future/
  ],
  [
    'a session there that has ended',
    (each, say) => each.replace('SessionIndex=', `SessionNotOnOrAfter="${minutes(say, -2)}" SessionIndex=`),
    /session there ended/
  ],
  ['a time that is none', each => each.replace(/AuthnInstant="[^"]*"/, 'AuthnInstant="yesterday"'), /is no time/],
  [
    'another issuer',
    each => each.replace(/<saml:Issuer>[^<]*/, '<saml:Issuer>https://other.example/entity'),
    /the issuer is/
  ],
  ['no sign-in at all', each => each.replace(/<saml:AuthnStatement.*<\/saml:AuthnStatement>/, ''), /no AuthnStatement/],
  [
    'two sign-ins',
    each => each.replace(/<saml:AuthnStatement.*<\/saml:AuthnStatement>/, one => one + one),
    /2 AuthnStatement/
  ],
  ['two subjects', each => each.replace(/<saml:Subject>.*<\/saml:Subject>/, one => one + one), /2 Subject/],
  ['SAML 1.1', each => each.replace('Version="2.0"', 'Version="1.1"'), /SAML 2\.0/]
]

t.test(
  'I15 SAML Profiles §4.1.4.3 · answers for another audience, recipient, destination or time → refused',
  async t => {
    const rig = makeRig({ providers: [provider] })
    for (const [name, change, why] of refusals) {
      const say = await rig.asked()
      t.match(await rig.refusal(provider.answer(say, each => change(each, say))), why, name)
    }
    const unsigned: readonly (readonly [string, (xml: string) => string, RegExp])[] = [
      [
        'another Destination',
        xml => xml.replace(/Destination="[^"]*"/, 'Destination="https://elsewhere.example/acs"'),
        /Destination/
      ],
      [
        'another issuer of the response',
        xml => xml.replace(/<saml:Issuer>[^<]*/, '<saml:Issuer>https://unknown.example'),
        /does not describe/
      ],
      ['another root', xml => xml.replaceAll('samlp:Response', 'samlp:ArtifactResponse'), /is no response/],
      ['half of it', xml => xml.slice(0, xml.length / 2), /ends|well-formed/],
      ['nothing', () => '', /no SAML response/]
    ]
    for (const [name, change, why] of unsigned)
      t.match(await rig.refusal(change(provider.answer(await rig.asked()))), why, name)
    const say = await rig.asked()
    const bare = provider.response(provider.assertion(say), say).replace(/ Destination="[^"]*"/, '')
    t.match(await rig.refusal(provider.sign(bare, '_r1')), /Destination/, 'a signed response without a Destination')
  }
)

t.test('a failure is told, whether it is signed or not', async t => {
  const rig = makeRig({ providers: [provider] })
  const say = await rig.asked()
  const status =
    '<samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Responder"><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:NoAuthnContext"/></samlp:StatusCode><samlp:StatusMessage>No\u202e</samlp:StatusMessage>'
  t.match(await rig.refusal(provider.response('', say, { status })), /NoAuthnContext: 'No\?'/)
  const assertion = provider.sign(provider.assertion(say), say.assertionId!)
  t.match(
    await rig.refusal(provider.response(assertion, say, { status })),
    /NoAuthnContext/,
    'an assertion beside a failure does not count'
  )
})

t.test('I16 SAML Profiles §4.1.4.5 · the same assertion twice → the second is refused', async t => {
  const rig = makeRig({ providers: [provider] })
  const xml = provider.answer(await rig.asked())
  t.equal(await rig.refusal(xml), null)
  t.match(await rig.refusal(xml), /used before/)
})

t.test('clocks may differ by as much as is configured', async t => {
  const rig = makeRig({ providers: [provider] })
  for (const seconds of [-50, 50]) {
    const say = await rig.asked()
    t.equal(
      await rig.refusal(provider.answer({ ...say, now: say.now + seconds * 1000, minutes: 0.5 })),
      null,
      `${seconds} s`
    )
  }
})

t.test('either key of a provider that changes them is taken', async t => {
  const changing = new SamlProvider('https://idp.example/entity', newPair)
  changing.metadata = () => provider.metadata({ more: [newPair] })
  const rig = makeRig({ providers: [changing] })
  for (const each of [provider, changing]) t.equal(await rig.refusal(each.answer(await rig.asked())), null)
})

const persistent =
  '<saml:NameID Format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent" NameQualifier="q">p1</saml:NameID>'
const alice = attributeOf(eppn, 'alice@uni.example')
const people: readonly (readonly [string, Partial<Say>, Partial<RigOptions>, object])[] = [
  [
    'subject-id is the id',
    { attributes: alice + attributeOf(subjectId, 'A-1@UNI.example') },
    {},
    { externalId: 'a-1@uni.example', name: 'alice@uni.example' }
  ],
  [
    'a persistent NameID is the id, and belongs to its provider',
    { attributes: alice, nameId: persistent },
    {},
    { externalId: 'https://idp.example/entity!q!!p1' }
  ],
  ['the name is the id where there is no other', { attributes: alice }, {}, { externalId: 'alice@uni.example' }],
  [
    'an unscoped id belongs to its provider',
    { attributes: attributeOf('urn:oid:0.9.2342.19200300.100.1.1', 'alice') },
    { name: 'uid' },
    { externalId: 'https://idp.example/entity!alice', name: 'alice' }
  ],
  [
    'a chosen id',
    { attributes: alice + attributeOf('urn:x:id', '7') },
    { id: 'urn:x:id' },
    { externalId: 'https://idp.example/entity!7' }
  ],
  ['a password there is no second factor', { attributes: alice }, {}, { mfa: null }],
  ['the context that came counts', { attributes: alice, context: mfa }, {}, { mfa: { at: Number } }],
  [
    'five thousand groups',
    {
      attributes:
        alice +
        attributeOf(entitlement, ...Array.from({ length: 5000 }, (_, index) => `urn:mace:uni.example:group:${index}`))
    },
    {},
    { groups: { length: 5000 } }
  ],
  [
    'groups with commas, quotes and umlauts stay as they are',
    { attributes: alice + attributeOf(entitlement, 'Physik, &quot;Große&quot;') },
    {},
    { groups: ['Physik, "Große"'] }
  ],
  [
    'a name that holds XML is text',
    { attributes: alice + attributeOf('urn:oid:2.16.840.1.113730.3.1.241', '&lt;b&gt;A&lt;/b&gt;') },
    {},
    { displayName: '<b>A</b>' }
  ],
  [
    'assurance that is high enough',
    { attributes: alice + attributeOf(assurance, 'low', 'high') },
    { assurance: ['high'] },
    { name: 'alice@uni.example' }
  ]
]

t.test('of a person', async t => {
  for (const [name, say, options, expected] of people) {
    const rig = makeRig({ providers: [provider], ...options })
    const { answer } = await rig.accepted(provider.answer({ ...(await rig.asked()), ...say }))
    t.match(answer, { kind: 'arrived', arrival: expected }, name)
  }
})

const nobody: readonly (readonly [string, Partial<Say>, Partial<RigOptions>, RegExp])[] = [
  [
    'no name',
    { attributes: attributeOf(subjectId, 'a@uni.example') },
    {},
    /did not release eduPersonPrincipalName; it released 'urn:oasis:names:tc:SAML:attribute:subject-id'$/
  ],
  [
    'two names',
    { attributes: attributeOf(eppn, 'alice@uni.example', 'two@uni.example') },
    {},
    /2 values where one belongs/
  ],
  ['two names in two elements', { attributes: alice + attributeOf(eppn, 'two@uni.example') }, {}, /2 values/],
  [
    'a scope that the provider may not speak for',
    { attributes: attributeOf(eppn, 'alice@other.example') },
    {},
    /'alice@other.example'.*'uni.example'/
  ],
  ['a scope that only ends like its own', { attributes: attributeOf(eppn, 'alice@evil-uni.example') }, {}, /lets/],
  ['two @', { attributes: attributeOf(eppn, 'alice@other.example@uni.example') }, {}, /lets/],
  [
    'two ids',
    { attributes: alice + attributeOf(subjectId, 'a@uni.example', 'b@uni.example') },
    {},
    /subject-id has 2 values/
  ],
  ['a chosen id that is absent', { attributes: alice }, { id: 'pairwise-id' }, /did not release pairwise-id/],
  [
    'assurance that is too low',
    { attributes: alice + attributeOf(assurance, 'low') },
    { assurance: ['high'] },
    /lacks the assurance.*'low'/
  ],
  ['no assurance', { attributes: alice }, { assurance: ['high'] }, /absent/]
]

t.test('I17 · names and ids under scopes of others, two values → nobody', async t => {
  for (const [name, say, options, why] of nobody) {
    const rig = makeRig({ providers: [provider], ...options })
    const { answer } = await rig.accepted(provider.answer({ ...(await rig.asked()), ...say }))
    t.match(answer, { kind: 'refused', code: 'institution_answer_invalid', detail: why }, name)
  }
})

t.test(
  'a provider without a scope speaks for its people where it is the only one, and for nobody among several',
  async t => {
    const scopeless = new SamlProvider('https://idp.example/entity', pair, [])
    for (const [isAlone, kind] of [
      [true, 'arrived'],
      [false, 'refused']
    ] as const) {
      const rig = makeRig({ providers: [scopeless], isAlone })
      const { answer } = await rig.accepted(scopeless.answer({ ...(await rig.asked()), attributes: alice }))
      t.equal(answer.kind, kind)
    }
  }
)

t.test('I18 Golden SAML (CyberArk 2017) · operators out of a federation → the group is left out', async t => {
  const attributes = alice + attributeOf(entitlement, 'operators', ' operators ', 'chemistry')
  for (const [isAlone, groups] of [
    [true, ['operators', 'chemistry']],
    [false, ['chemistry']]
  ] as const) {
    const rig = makeRig({ providers: [provider], isAlone })
    const { answer } = await rig.accepted(provider.answer({ ...(await rig.asked()), attributes }))
    t.match(answer, { kind: 'arrived', arrival: { groups } })
    t.equal(answer.kind === 'arrived' && answer.arrival.groups?.length, groups.length)
  }
})

t.test('who is refused because the gate cannot read a pattern of scopes is told so', async t => {
  for (const [pattern, isRead] of [
    ['(?=a).*', false],
    ['other\\.example', true]
  ] as const) {
    const said = new SamlProvider('https://pattern.example/entity', pair, [pattern], true)
    const rig = makeRig({ providers: [said] })
    const { answer } = await rig.accepted(said.answer(await rig.asked()))
    const detail = answer.kind === 'refused' ? answer.detail : ''
    t.match(detail, /speak for/)
    t.equal(/the gate cannot read the pattern '\(\?=a\)\.\*'/.test(detail), !isRead, detail)
  }
})

t.test('a scope may be a pattern, which covers the whole scope and nothing else', t => {
  const says = (value: string, pattern: string) =>
    isInScope(value, { scopes: [{ value: pattern, isPattern: true }] }, false)
  const pattern = '[a-z]{1,20}\\.uni\\.example'
  t.ok(says('alice@physics.uni.example', pattern))
  t.notOk(says('alice@physics.uni.example.evil.example', pattern))
  t.notOk(says('alice@physics-uni.example', pattern))
  t.notOk(says('alice@evil.example', 'a)|(?:evil.example'), 'half of a group')
  t.notOk(says('https://idp.example/entity!alice@physics.uni.example', pattern), 'what could be the id of another')
  t.end()
})
