/** A sign-in through a SAML identity provider, through the whole gate: from the button to the app, and what ends on the way. */
import { createPrivateKey } from 'node:crypto'
import t, { type Test } from 'tap'
import { redirectUrl } from '../../../src/identity/saml/redirect-binding.ts'
import { Browser, type SamlGateOptions, samlGate, sayTo } from '../../fixtures/in-process/saml-gate.ts'
import { encode, makePair, mfa, readRequest, SamlProvider } from '../../fixtures/in-process/saml-provider.ts'

const pair = makePair(t, 'idp')
const fixture = (t: Test, options: Partial<SamlGateOptions> = {}) => samlGate(t, { pair, ...options })

t.test('a person signs in, and the account is theirs', async t => {
  const { gate, provider, browser, start } = await fixture(t)
  const begun = await browser.get(`${start}?rd=${encodeURIComponent(`${gate.portal}/.factorgate/`)}`)
  t.equal(begun.status, 303)
  t.match(begun.headers.location, /^https:\/\/idp\.example\/entity\/sso\?SAMLRequest=/)
  const asked = readRequest(begun.headers.location!)
  t.match(asked, {
    acs: `${start}/acs`,
    issuer: `${start}/metadata`,
    contexts: [mfa],
    isForced: false,
    destination: 'https://idp.example/entity/sso'
  })
  const say = sayTo(begun.headers.location!)
  const posted = await browser.postFromElsewhere(`${start}/acs`, {
    SAMLResponse: encode(provider.answer(say)),
    RelayState: say.relayState
  })
  t.equal(posted.status, 303, JSON.stringify(gate.log.at(-1)))
  const landed = await browser.get(
    posted.headers.location!.startsWith('/') ? gate.portal + posted.headers.location : posted.headers.location!
  )
  t.equal(landed.status, 303, landed.body.slice(0, 300) + JSON.stringify(gate.log.at(-1)))
  const account = await gate.server.runtime.accounts.byName('alice@uni.example')
  t.match(account, { directory: 'uni', externalId: 'alice-1@uni.example' })
  t.test('the code is used once', async t => {
    const again = await browser.get(gate.portal + posted.headers.location)
    t.equal(again.headers['factorgate-error'], 'institution_login_expired')
  })
  t.test('the assertion is used once', async t => {
    const again = await browser.postFromElsewhere(`${start}/acs`, {
      SAMLResponse: encode(provider.answer(say)),
      RelayState: say.relayState
    })
    t.equal(again.headers['factorgate-error'], 'institution_answer_invalid')
    t.match(gate.log.at(-1), { detail: /used before/ })
  })
})

t.test(
  'a provider that cannot check a second factor is asked again without, and a step more would be refused',
  async t => {
    const { gate, provider, browser, start } = await fixture(t)
    const begun = await browser.get(start)
    const say = sayTo(begun.headers.location!)
    const status =
      '<samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Responder"><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:NoAuthnContext"/></samlp:StatusCode>'
    const failed = (asked: typeof say) =>
      browser.postFromElsewhere(`${start}/acs`, {
        SAMLResponse: encode(provider.response('', asked, { status })),
        RelayState: asked.relayState
      })
    const again = await browser.get(gate.portal + (await failed(say)).headers.location)
    t.equal(again.status, 303)
    t.same(readRequest(again.headers.location!).contexts, [], 'no context is asked for')
    const over = await browser.get(gate.portal + (await failed(sayTo(again.headers.location!))).headers.location)
    t.equal(over.headers['factorgate-error'], 'institution_refused')
    t.match(gate.log.at(-1), { detail: /NoAuthnContext/ })
  }
)

t.test(
  'I12 SAML Profiles §4.1.4.5 · an answer for another browser, for another request, for none → nobody comes in',
  async t => {
    const { gate, provider, browser, start } = await fixture(t)
    const first = sayTo((await browser.get(start)).headers.location!)
    const second = sayTo((await browser.get(start)).headers.location!)
    const post = (say: typeof first, relayState: string, id: string) =>
      browser.postFromElsewhere(`${start}/acs`, {
        SAMLResponse: encode(provider.answer({ ...say, assertionId: id })),
        RelayState: relayState
      })
    const elsewhere = await post(first, first.relayState, '_b1')
    const stranger = new Browser(gate.port)
    const theirs = await stranger.get(gate.portal + elsewhere.headers.location)
    t.equal(theirs.headers['factorgate-error'], 'institution_login_expired', 'not for another browser')
    const crossed = await post(first, second.relayState, '_b2')
    t.equal(
      crossed.headers['factorgate-error'],
      'institution_answer_invalid',
      'not for another request of this browser'
    )
    t.match(gate.log.at(-1), { detail: /another request/ })
    t.equal(await gate.server.runtime.accounts.byName('alice@uni.example'), null, 'nobody came in')
  }
)

t.test('I13 RFC 9700 §4.4 · the valid answer of a provider that was not asked → refused', async t => {
  const one = new SamlProvider('https://one.example/entity', pair)
  const two = new SamlProvider('https://two.example/entity', makePair(t, 'two'))
  const { gate, browser, start } = await fixture(t, {
    providers: [one, two],
    idp: 'idp: [https://one.example/entity, https://two.example/entity]'
  })
  const say = sayTo((await browser.get(`${start}?idp=${one.entityId}`)).headers.location!)
  const posted = await browser.postFromElsewhere(`${start}/acs`, {
    SAMLResponse: encode(two.answer(say)),
    RelayState: say.relayState
  })
  const landed = await browser.get(gate.portal + posted.headers.location)
  t.equal(landed.headers['factorgate-error'], 'institution_answer_invalid')
  t.match(gate.log.at(-1), { detail: /was asked/ })
})

t.test('people choose among several, find theirs without scripts, and find it again', async t => {
  const providers = Array.from({ length: 60 }, (_, index) => new SamlProvider(`https://u${index}.example/entity`, pair))
  const { browser, start, gate } = await fixture(t, { providers, idp: 'signOut: here' })
  const page = await browser.get(`${start}?rd=${encodeURIComponent(`${gate.portal}/.factorgate/account`)}`)
  t.equal(page.status, 200)
  t.equal([...page.body.matchAll(/idp=https/g)].length, 50, 'fifty rows at most')
  t.match(page.body, /10 more are not shown/)
  t.notMatch(page.body, /Chosen before/)
  const found = await browser.get(`${start}?q=u17`)
  t.equal([...found.body.matchAll(/idp=https/g)].length, 1)
  t.match(
    (await browser.get(`${start}?q=${encodeURIComponent('<script>alert(1)</script>')}`)).body,
    /No institution has that name/
  )
  const chosen = await browser.get(`${start}?idp=${encodeURIComponent('https://u17.example/entity')}`)
  t.match(chosen.headers.location, /^https:\/\/u17\.example\/entity\/sso/)
  t.match((await browser.get(start)).body, /Chosen before.*u17/s)
  const unknown = await browser.get(`${start}?idp=https://evil.example`)
  t.equal(unknown.headers['factorgate-error'], 'institution_refused')
})

t.test('our metadata says what a provider needs, and nothing without a key that needs one', async t => {
  const ours = makePair(t, 'gate')
  const { browser, start } = await fixture(t, { more: `, key: "${ours.files.key}", cert: "${ours.files.certificate}"` })
  const { body, headers } = await browser.get(`${start}/metadata`)
  t.match(headers['content-type'], /application\/samlmetadata\+xml/)
  for (const part of [
    `entityID="${start}/metadata"`,
    `Location="${start}/acs"`,
    `Location="${start}/slo"`,
    ours.base64,
    'WantAssertionsSigned="true"',
    'subject-id'
  ])
    t.ok(body.includes(part), part)
  const plain = await fixture(t)
  t.notMatch((await plain.browser.get(`${plain.start}/metadata`)).body, /KeyDescriptor|SingleLogoutService/)
})

t.test(
  'I14 SAML Profiles §4.4.4.1 · sign-outs unsigned, of another key, for another place, old, of another provider → the session stays',
  async t => {
    const ours = makePair(t, 'gate')
    const { gate, provider, browser, start } = await fixture(t, {
      more: `, key: "${ours.files.key}", cert: "${ours.files.certificate}"`
    })
    const say = sayTo((await browser.get(start)).headers.location!)
    const posted = await browser.postFromElsewhere(`${start}/acs`, {
      SAMLResponse: encode(provider.answer(say)),
      RelayState: say.relayState
    })
    await browser.get(gate.portal + posted.headers.location)
    const account = await gate.server.runtime.accounts.byName('alice@uni.example')
    const sessions = async () => (await gate.server.runtime.sessions.list(account!.id)).length
    t.equal(await sessions(), 1)
    const request = (index: string, more = {}) => {
      const given = {
        issuer: provider.entityId,
        destination: `${start}/slo`,
        at: Date.now(),
        key: provider.pair.key as string | null,
        ...more
      }
      const xml = `<samlp:LogoutRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="_l1" Version="2.0" IssueInstant="${new Date(given.at).toISOString()}" Destination="${given.destination}"><saml:Issuer>${given.issuer}</saml:Issuer><saml:NameID>_t1</saml:NameID><samlp:SessionIndex>${index}</samlp:SessionIndex></samlp:LogoutRequest>`
      return browser.get(
        redirectUrl(
          `${start}/slo`,
          'SAMLRequest',
          xml,
          'relay',
          given.key === null ? null : createPrivateKey(given.key)
        )
      )
    }
    for (const [name, more] of [
      ['unsigned', { key: null }],
      ['signed by somebody else', { key: ours.key }],
      ['for another place', { destination: 'https://elsewhere.example/slo' }],
      ['of an hour ago', { at: Date.now() - 3_600_000 }],
      ['of another provider', { issuer: 'https://other.example' }]
    ] as const) {
      t.equal((await request('_s1', more)).headers['factorgate-error'], 'institution_answer_invalid', name)
      t.equal(await sessions(), 1)
    }
    await request('_another')
    t.equal(await sessions(), 1, 'another session there')
    const done = await request('_s1')
    t.match(
      done.headers.location,
      /^https:\/\/idp\.example\/entity\/slo\?SAMLResponse=.*&RelayState=relay&SigAlg=.*&Signature=/
    )
    t.equal(await sessions(), 0)
  }
)
