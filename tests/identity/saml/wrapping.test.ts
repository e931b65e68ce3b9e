/**
 * Published attacks on SAML signatures: the eight wrappings of Somorovsky et al. (“On Breaking SAML”, USENIX Security 2012), and those of the years after it. Each begins with a
 * response that a good provider has signed for eve, and says alice in the end. None may count for anybody.
 */
import t from 'tap'
import { makeRig } from '../../fixtures/in-process/saml-institution.ts'
import {
  attributeOf,
  eppn,
  makePair,
  SamlProvider,
  type Say,
  signXml,
  subjectId
} from '../../fixtures/in-process/saml-provider.ts'

const [pair, attacker, ours] = [makePair(t, 'idp'), makePair(t, 'attacker'), makePair(t, 'gate')]
const provider = new SamlProvider('https://idp.example/entity', pair)
const other = new SamlProvider('https://other.example/entity', attacker, ['other.example'])

const eve = attributeOf(eppn, 'eve@uni.example') + attributeOf(subjectId, 'eve-1@uni.example')
const alice = attributeOf(eppn, 'alice@uni.example') + attributeOf(subjectId, 'alice-1@uni.example')

/** The pieces that attacks are made of. */
interface Pieces {
  readonly say: Say
  /** Signed for eve. */
  readonly assertion: string
  /** The same without its signature. */
  readonly unsigned: string
  readonly signature: string
  /** Says alice, with an id of its own, and nobody has signed it. */
  readonly evil: string
}

function pieces(say: Say): Pieces {
  const assertion = provider.sign(provider.assertion({ ...say, attributes: eve }), say.assertionId!)
  const signature = /<ds:Signature[\s\S]*?<\/ds:Signature>/.exec(assertion)![0]
  const evil = provider.assertion({ ...say, attributes: alice, assertionId: '_evil' })
  return { say, assertion, unsigned: assertion.replace(signature, ''), signature, evil }
}

const into = (xml: string, inside: string, before = '</saml:Assertion>') => xml.replace(before, () => inside + before)
const afterIssuer = (xml: string, inside: string) => xml.replace('</saml:Issuer>', () => `</saml:Issuer>${inside}`)
const whole = (say: Say, inside: string) => provider.response(inside, say)
/** A signed response for eve, its signature, and the same without it. */
const signedResponse = (say: Say) => {
  const xml = provider.sign(provider.response(provider.assertion({ ...say, attributes: eve }), say), '_r1')
  const signature = /<ds:Signature[\s\S]*?<\/ds:Signature>/.exec(xml)![0]
  return { xml, signature, unsigned: xml.replace(signature, '') }
}
const evilResponse = (say: Say, inside = '') =>
  afterIssuer(
    provider.response(provider.assertion({ ...say, attributes: alice, assertionId: '_evil' }), say, { id: '_evilr' }),
    inside
  )

type Attack = readonly [string, (given: Pieces) => string | Promise<string>]

const attacks: Readonly<Record<string, readonly Attack[]>> = {
  'I1 Somorovsky 2012, CVE-2022-41912 (crewjam/saml), CVE-2025-47949 (samlify) · the eight signature wrappings, one id twice, a signed assertion in the status → refused':
    [
      [
        'XSW1: an evil response, the signed one inside its signature',
        ({ say }) => {
          const { signature, unsigned } = signedResponse(say)
          return evilResponse(
            say,
            signature.replace('</ds:Signature>', `<ds:Object>${unsigned}</ds:Object></ds:Signature>`)
          )
        }
      ],
      [
        'XSW2: an evil response with the signature beside the signed response',
        ({ say }) => {
          const { signature, unsigned } = signedResponse(say)
          return evilResponse(say, unsigned + signature)
        }
      ],
      ['XSW3: an evil assertion before the signed one', ({ say, assertion, evil }) => whole(say, evil + assertion)],
      [
        'XSW3 turned round: an evil assertion after the signed one',
        ({ say, assertion, evil }) => whole(say, assertion + evil)
      ],
      [
        'XSW4: the signed assertion inside an evil one',
        ({ say, assertion, evil }) => whole(say, into(evil, assertion))
      ],
      [
        'XSW5: an evil assertion with the signature, the signed one at the end',
        ({ say, unsigned, signature, evil }) => whole(say, afterIssuer(evil, signature) + unsigned)
      ],
      [
        'XSW6: an evil assertion with the signature, the signed one inside the signature',
        ({ say, unsigned, signature, evil }) =>
          whole(say, afterIssuer(evil, signature.replace('</ds:Signature>', `${unsigned}</ds:Signature>`)))
      ],
      [
        'XSW7: the evil assertion in Extensions',
        ({ say, assertion, evil }) => whole(say, `<samlp:Extensions>${evil}</samlp:Extensions>${assertion}`)
      ],
      [
        'XSW8: the signed assertion in an Object of the evil one’s signature',
        ({ say, unsigned, signature, evil }) =>
          whole(
            say,
            afterIssuer(evil, signature.replace('</ds:Signature>', `<ds:Object>${unsigned}</ds:Object></ds:Signature>`))
          )
      ],
      [
        'the same id twice: the evil assertion first',
        ({ say, assertion, evil }) => whole(say, evil.replace('_evil', say.assertionId!) + assertion)
      ],
      [
        'the same id twice: the evil assertion around the signed one',
        ({ say, assertion, evil }) => whole(say, into(evil.replace('_evil', say.assertionId!), assertion))
      ],
      [
        'the same id in another spelling of the attribute',
        ({ say, assertion, evil }) => whole(say, into(assertion, `<x Id="${say.assertionId}">${evil}</x>`))
      ],
      [
        'the signed assertion in the status, an evil one in its place',
        ({ say, assertion, evil }) =>
          whole(say, evil).replace(
            '</samlp:Status>',
            `<samlp:StatusDetail>${assertion}</samlp:StatusDetail></samlp:Status>`
          )
      ]
    ],
  'I2 CVE-2025-54419 (node-saml) · a changed value, no signature, an empty one → refused': [
    [
      'a value changed after the signature',
      ({ say, assertion }) => whole(say, assertion.replace('eve@uni', 'alice@uni'))
    ],
    ['no signature at all', ({ say, evil }) => whole(say, evil)],
    [
      'an empty signature',
      ({ say, evil }) => whole(say, afterIssuer(evil, '<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#"/>'))
    ]
  ],
  'I3 SAML Core §5.4.5 · keys of KeyInfo and of other providers → refused': [
    [
      'the attacker’s key, with its certificate in KeyInfo',
      ({ say }) =>
        whole(
          say,
          provider.sign(provider.assertion({ ...say, attributes: alice }), say.assertionId!, { pair: attacker })
        )
    ],
    [
      'the key of another provider of the metadata',
      ({ say }) =>
        provider.response(
          signXml(provider.assertion({ ...say, attributes: alice }), say.assertionId!, attacker, { after: 'Issuer' }),
          say
        )
    ],
    [
      'another provider’s assertion in the response of this one',
      ({ say }) => provider.response(other.sign(other.assertion({ ...say, attributes: alice }), say.assertionId!), say)
    ],
    [
      'another provider’s response around this one’s name',
      ({ say }) =>
        other.sign(
          other.response(other.assertion({ ...say, issuer: provider.entityId, attributes: alice }), say),
          '_r1'
        )
    ],
    [
      'a signed response around an assertion that says another issuer',
      ({ say }) => provider.sign(provider.response(provider.assertion({ ...say, issuer: other.entityId }), say), '_r1')
    ]
  ],
  'I4 · HMAC with the certificate, no algorithm, SHA-1 in the plain and inside of what is encrypted → refused': [
    [
      'HMAC with the certificate as its secret',
      ({ say, assertion }) =>
        whole(
          say,
          assertion.replace(
            'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256',
            'http://www.w3.org/2000/09/xmldsig#hmac-sha1'
          )
        )
    ],
    [
      'no algorithm',
      ({ say, assertion }) => whole(say, assertion.replace('http://www.w3.org/2001/04/xmldsig-more#rsa-sha256', 'none'))
    ],
    [
      'SHA-1, which can be collided',
      ({ say }) =>
        whole(
          say,
          provider.sign(provider.assertion(say), say.assertionId!, {
            algorithm: 'http://www.w3.org/2000/09/xmldsig#rsa-sha1',
            digest: 'http://www.w3.org/2000/09/xmldsig#sha1'
          })
        )
    ],
    [
      'SHA-1 inside of what is encrypted',
      async ({ say }) =>
        whole(
          say,
          await provider.encrypted(
            provider.sign(provider.assertion(say), say.assertionId!, {
              algorithm: 'http://www.w3.org/2000/09/xmldsig#rsa-sha1',
              digest: 'http://www.w3.org/2000/09/xmldsig#sha1'
            }),
            ours
          )
        )
    ]
  ],
  'I5 CVE-2024-45409 (ruby-saml) · a DigestValue in the status → refused': [
    [
      'CVE-2024-45409: a second DigestValue, smuggled outside SignedInfo',
      ({ say, assertion, evil }) => {
        const digest = /<ds:DigestValue>[^<]*<\/ds:DigestValue>/
          .exec(provider.sign(evil, '_evil'))![0]
          .replace('>', ' xmlns:ds="http://www.w3.org/2000/09/xmldsig#">')
        return whole(say, assertion.replace('eve@uni', 'alice@uni')).replace(
          '</samlp:Status>',
          `<samlp:StatusDetail>${digest}</samlp:StatusDetail></samlp:Status>`
        )
      }
    ]
  ],
  'I6 CVE-2025-29774, CVE-2025-29775 (xml-crypto) · a second SignedInfo, a comment in DigestValue → refused': [
    [
      'CVE-2025-29774: two SignedInfo in one signature',
      ({ say, assertion, evil }) => {
        const forged = /<ds:SignedInfo>[\s\S]*<\/ds:SignedInfo>/.exec(
          signXml(evil, '_evil', attacker, { after: 'Issuer' })
        )![0]
        const signature = /<ds:Signature[\s\S]*?<\/ds:Signature>/.exec(assertion)![0]
        return whole(say, afterIssuer(evil, signature.replace('<ds:SignedInfo>', `${forged}<ds:SignedInfo>`)))
      }
    ],
    [
      'CVE-2025-29775: a comment in DigestValue',
      ({ say, assertion, evil }) => {
        const digest = /<ds:DigestValue>([^<]*)</.exec(provider.sign(evil, '_evil'))![1]
        return whole(
          say,
          assertion.replace('eve@uni', 'alice@uni').replace('<ds:DigestValue>', `<ds:DigestValue><!--${digest}-->`)
        )
      }
    ]
  ],
  'I7 CVE-2017-11427 (OneLogin), CVE-2018-0489 (Shibboleth) · a comment inside a name → refused': [
    [
      'CVE-2017-11427: a comment that cuts a value short',
      ({ say }) =>
        whole(
          say,
          provider.sign(
            provider.assertion({ ...say, attributes: attributeOf(eppn, 'alice@uni.example.evil.example') }),
            say.assertionId!
          )
        ).replace('alice@uni.example.evil', 'alice@uni.example<!-- -->.evil')
    ]
  ],
  'I8 CVE-2020-27846 (crewjam/saml), CVE-2025-25291, CVE-2025-25292 (ruby-saml) · a DOCTYPE that two parsers read differently → refused':
    [
      [
        'CVE-2025-25291: a DOCTYPE that two parsers read differently',
        ({ say, assertion }) => `<!DOCTYPE r [<!NOTATION a PUBLIC "'x'" "y">]>${whole(say, assertion)}`
      ]
    ],
  'I9 OWASP XXE · entities from files, entities that grow, processing instructions → refused': [
    [
      'an entity from a file',
      ({ say, assertion }) =>
        `<!DOCTYPE r [<!ENTITY e SYSTEM "file:///etc/passwd">]>${whole(say, assertion.replace('eve@uni', '&e;@uni'))}`
    ],
    [
      'entities that grow',
      ({ say, assertion }) =>
        `<!DOCTYPE r [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>${whole(say, assertion.replace('eve@uni', '&b;@uni'))}`
    ],
    ['an entity without a DOCTYPE', ({ say, assertion }) => whole(say, assertion.replace('eve@uni', '&e;@uni'))],
    [
      'a processing instruction in a value',
      ({ say, assertion }) => whole(say, assertion.replace('eve@uni', 'eve<?x?>@uni'))
    ]
  ],
  'I10 SAML Core §5.4 · two references, an empty one, an XPath transform, two signatures, an assertion exchanged in a signed response → refused':
    [
      [
        'two references in one signature',
        ({ say, assertion }) =>
          whole(
            say,
            assertion.replace(/<ds:Reference [\s\S]*<\/ds:Reference>/, one => one + one)
          )
      ],
      [
        'a reference to the whole document',
        ({ say, assertion }) => whole(say, assertion.replace(`URI="#${say.assertionId}"`, 'URI=""'))
      ],
      [
        'a transform that takes the evil parts out',
        ({ say, assertion }) =>
          whole(
            say,
            assertion.replace(
              '<ds:Transforms>',
              '<ds:Transforms><ds:Transform Algorithm="http://www.w3.org/TR/1999/REC-xpath-19991116"><ds:XPath>not(self::evil)</ds:XPath></ds:Transform>'
            )
          )
      ],
      [
        'two signatures of one element',
        ({ say, assertion, signature }) => whole(say, afterIssuer(assertion, signature))
      ],
      [
        'the signature in a second place',
        ({ say, assertion, signature }) =>
          whole(
            say,
            assertion.replace(
              '</saml:Subject>',
              `${signature.replace('<ds:Signature', '<ds:Signature Id="again"')}</saml:Subject>`
            )
          )
      ],
      [
        'a signed response without its assertion, an evil one in its place',
        ({ say, evil }) => {
          const { xml } = signedResponse(say)
          return xml.replace(/<saml:Assertion[\s\S]*<\/saml:Assertion>/, evil)
        }
      ]
    ],
  'I11 Jager 2012 · encrypted assertions unsigned, wrapped or of another key, RSA 1.5, Triple DES → refused': [
    [
      'an encrypted evil assertion that nobody has signed',
      async ({ say, evil }) => whole(say, await provider.encrypted(evil, ours))
    ],
    [
      'an encrypted evil assertion beside a signed one',
      async ({ say, assertion, evil }) => whole(say, (await provider.encrypted(evil, ours)) + assertion)
    ],
    [
      'an encrypted assertion of the attacker’s key',
      async ({ say }) =>
        whole(
          say,
          await provider.encrypted(
            provider.sign(provider.assertion({ ...say, attributes: alice }), say.assertionId!, { pair: attacker }),
            ours
          )
        )
    ],
    [
      'an encrypted wrapping',
      async ({ say, assertion, evil }) => whole(say, await provider.encrypted(into(evil, assertion), ours))
    ],
    [
      'RSA 1.5 as the transport of the key',
      async ({ say, assertion }) =>
        whole(say, await provider.encrypted(assertion, ours, { transport: 'http://www.w3.org/2001/04/xmlenc#rsa-1_5' }))
    ],
    [
      'Triple DES',
      async ({ say, assertion }) =>
        whole(
          say,
          await provider.encrypted(assertion, ours, { encryption: 'http://www.w3.org/2001/04/xmlenc#tripledes-cbc' })
        )
    ]
  ]
}

t.test('who is attacked so lets nobody in, and says why in one line', async t => {
  const rig = makeRig({ providers: [provider, other], key: ours })
  for (const [row, all] of Object.entries(attacks))
    await t.test(row, async t => {
      for (const [name, make] of all) {
        const why = await rig.refusal(await make(pieces(await rig.asked())))
        t.type(why, 'string', `${name}: it is refused`)
        t.match(why, /^[^\r\n]{10,400}$/, `${name}: in one line`)
      }
    })
})

t.test('and the same pieces without the attack are accepted, so that the refusals above mean something', async t => {
  const rig = makeRig({ providers: [provider, other], key: ours })
  const rows: readonly (readonly [string, (given: Pieces) => string | Promise<string>])[] = [
    ['a signed assertion', ({ say, assertion }) => whole(say, assertion)],
    ['a signed response', ({ say }) => signedResponse(say).xml],
    ['both signed', ({ say, assertion }) => provider.sign(whole(say, assertion), '_r1')],
    [
      'an encrypted signed assertion (GCM)',
      async ({ say, assertion }) => whole(say, await provider.encrypted(assertion, ours))
    ],
    [
      'an encrypted signed assertion (CBC)',
      async ({ say, assertion }) =>
        whole(
          say,
          await provider.encrypted(assertion, ours, { encryption: 'http://www.w3.org/2001/04/xmlenc#aes128-cbc' })
        )
    ],
    [
      'a signed response with an encrypted assertion',
      async ({ say }) =>
        provider.sign(
          whole(say, await provider.encrypted(provider.assertion({ ...say, attributes: eve }), ours)),
          '_r1'
        )
    ],
    [
      'SHA-512',
      ({ say }) =>
        whole(
          say,
          provider.sign(provider.assertion({ ...say, attributes: eve }), say.assertionId!, {
            algorithm: 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha512',
            digest: 'http://www.w3.org/2001/04/xmlenc#sha512'
          })
        )
    ]
  ]
  for (const [name, make] of rows) {
    const verified = await rig.accepted(await make(pieces(await rig.asked())))
    t.match(
      verified.answer,
      { kind: 'arrived', arrival: { name: 'eve@uni.example', externalId: 'eve-1@uni.example' } },
      name
    )
  }
})
