/** Answers that strangers make to keep the gate busy: each is refused before it costs more than it weighs. */
import t from 'tap'
import type { GateError } from '../../../src/errors.ts'
import { makeRig } from '../../fixtures/in-process/saml-institution.ts'
import { makePair, SamlProvider } from '../../fixtures/in-process/saml-provider.ts'

const ours = makePair(t, 'gate')
const provider = new SamlProvider('https://idp.example/entity', makePair(t, 'idp'))
const many = (count: number, make: (index: number) => string, between = '') =>
  Array.from({ length: count }, (_, index) => make(index)).join(between)

const floods: readonly (readonly [string, (xml: string) => string, RegExp])[] = [
  [
    // Each element that declares a prefix copies those around it.
    'prefixes that every element inherits',
    xml =>
      xml.replace(
        '<samlp:Status>',
        `<x ${many(150, index => `xmlns:p${index}="u"`, ' ')}>${'<y xmlns="u"/>'.repeat(20_000)}</x><samlp:Status>`
      ),
    /more than 32 prefixes/
  ],
  [
    'elements by the ten thousand',
    xml => xml.replace('<samlp:Status>', `${'<x/>'.repeat(60_000)}<samlp:Status>`),
    /more than 40000 elements and attributes/
  ],
  [
    // Each element of what is signed is looked at for each of them, before the signature is checked.
    'a signature with prefixes without end',
    xml =>
      xml.replace(
        /<ds:CanonicalizationMethod Algorithm="([^"]*)"\s*(?:\/>|><\/ds:CanonicalizationMethod>)/,
        (_, algorithm) =>
          `<ds:CanonicalizationMethod Algorithm="${algorithm}"><e:InclusiveNamespaces xmlns:e="${algorithm}" PrefixList="${many(20_000, index => `p${index}`, ' ')}"/></ds:CanonicalizationMethod>`
      ),
    /names more than 32 prefixes/
  ]
]

t.test('I19 · messages that are dear to read → refused before', async t => {
  const rig = makeRig({ providers: [provider] })
  for (const [name, change, why] of floods)
    t.match(await rig.refusal(change(provider.answer(await rig.asked()))), why, name)
})

t.test(
  'encrypted answers of strangers wait for the second reader in small numbers, and behind those that are signed',
  async t => {
    const rig = makeRig({ providers: [provider], key: ours })
    const say = await rig.asked()
    const encrypted = provider.response(await provider.encrypted(provider.assertion(say), ours), say)
    const strangers = Array.from({ length: 12 }, () => rig.refusal(encrypted).catch((error: GateError) => error.code))
    const person = rig.refusal(provider.answer(await rig.asked()))
    const first = await Promise.race([person, strangers[4]!])
    t.equal(first, null, 'the person comes before the strangers who wait')
    const answers = await Promise.all(strangers)
    t.equal(answers.filter(each => each === 'institution_unreachable').length, 7)
    t.equal(answers.filter(each => /second reader refuses/.test(each ?? '')).length, 5)
  }
)
