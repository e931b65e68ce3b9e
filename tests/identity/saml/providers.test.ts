/** Providers that take requests by a form, sign with ECDSA, encrypt their identifiers, or sign people out by name alone. */
import { createHash, createPrivateKey, createPublicKey } from 'node:crypto'
import t, { type Test } from 'tap'
import { withoutPadding } from '../../../src/identity/saml/key-transport.ts'
import { redirectUrl } from '../../../src/identity/saml/redirect-binding.ts'
import { isSignedBy } from '../../../src/identity/saml/xml-signature.ts'
import { treeOf } from '../../../src/identity/saml/xml-tree.ts'
import { samlGate, sayTo } from '../../fixtures/in-process/saml-gate.ts'
import { makeRig } from '../../fixtures/in-process/saml-institution.ts'
import {
  encode,
  encryptedWithHashes,
  makePair,
  SamlProvider,
  type Say
} from '../../fixtures/in-process/saml-provider.ts'

const [pair, ours] = [makePair(t, 'idp'), makePair(t, 'gate')]
const keys = `, key: "${ours.files.key}", cert: "${ours.files.certificate}"`
const more = 'http://www.w3.org/2001/04/xmldsig-more#'

class FormProvider extends SamlProvider {
  override metadata() {
    const sso = 'SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-'
    return super.metadata().replace(`${sso}Redirect`, `${sso}POST`)
  }
}

t.test('a provider that takes requests by a form alone gets one, which needs no script', async t => {
  const provider = new FormProvider('https://idp.example/entity', pair)
  for (const signs of [true, false]) {
    const { gate, browser, start } = await samlGate(t, { pair, providers: [provider], more: signs ? keys : '' })
    const page = await browser.get(start)
    t.equal(page.status, 200)
    const field = (name: string) => new RegExp(`name="${name}" value="([^"]*)"`).exec(page.body)?.[1] ?? ''
    t.match(page.body, /<form[^>]*method="post" action="https:\/\/idp\.example\/entity\/sso"/)
    t.match(page.body, /<button>Go on<\/button>/)
    t.match(page.headers['content-security-policy'], /form-action 'self' https:\/\/idp\.example\/entity\/sso;/)
    const text = Buffer.from(field('SAMLRequest'), 'base64').toString()
    const request = treeOf(text)
    t.equal(isSignedBy(request, [createPublicKey(ours.certificate)]), signs, 'signed where there is a key')
    const value = (pattern: RegExp) => pattern.exec(text)![1]!
    t.equal(value(/ Destination="([^"]*)"/), 'https://idp.example/entity/sso')
    const say: Say = {
      inResponseTo: value(/ ID="([^"]*)"/),
      acs: value(/AssertionConsumerServiceURL="([^"]*)"/),
      audience: value(/<saml:Issuer>([^<]*)</),
      now: Date.now()
    }
    const fields = { SAMLResponse: encode(provider.answer(say)), RelayState: field('RelayState') }
    const posted = await browser.postFromElsewhere(`${start}/acs`, fields)
    t.equal((await browser.get(gate.portal + posted.headers.location)).status, 303)
    t.ok(await gate.server.runtime.accounts.byName('alice@uni.example'))
  }
})

t.test('signatures', async t => {
  const digest = { sha256: 'http://www.w3.org/2001/04/xmlenc#sha256', sha384: `${more}sha384` }
  const rows: readonly (readonly [string, 'P-256' | 'P-384' | undefined, string, string, RegExp | null])[] = [
    ['ECDSA with P-256 and SHA-256 are taken', 'P-256', `${more}ecdsa-sha256`, digest.sha256, null],
    ['ECDSA with P-384 and SHA-384 are taken', 'P-384', `${more}ecdsa-sha384`, digest.sha384, null],
    ['RSA with SHA-384 is taken', undefined, `${more}rsa-sha384`, digest.sha384, null]
  ]
  for (const [name, curve, algorithm, digest, why] of rows) {
    const provider = new SamlProvider('https://idp.example/entity', makePair(t, 'ec', curve))
    const rig = makeRig({ providers: [provider], key: ours })
    const signed = async () => {
      const say = await rig.asked()
      return { say, assertion: provider.sign(provider.assertion(say), say.assertionId!, { algorithm, digest }) }
    }
    const plain = await signed()
    t.equal(await rig.refusal(provider.response(plain.assertion, plain.say)), why, name)
    const hidden = await signed()
    const encrypted = provider.response(await provider.encrypted(hidden.assertion, ours), hidden.say)
    t.equal(await rig.refusal(encrypted), why, `${name}, encrypted`)
    const changed = await signed()
    const evil = provider.response(changed.assertion.replace('alice@', 'eve@'), changed.say)
    t.match(await rig.refusal(evil), /changed after it was signed/, 'and a changed one is not')
    const named = await signed()
    const other = algorithm.includes('ecdsa') ? `${more}rsa-sha256` : `${more}ecdsa-sha256`
    const confused = provider.response(named.assertion.replace(algorithm, other), named.say)
    t.match(await rig.refusal(confused), /another key/, 'nor one under the name of the other kind of key')
  }
})

t.test('keys of assertions by RSA-OAEP with the hashes that providers choose, Keycloak with SHA-256', async t => {
  const provider = new SamlProvider('https://idp.example/entity', pair)
  const rig = makeRig({ providers: [provider], key: ours })
  const oaep = 'http://www.w3.org/2009/xmlenc11#rsa-oaep'
  const older = 'http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p'
  const rows = [
    { transport: oaep, digest: 'sha256', mask: 'sha256' },
    { transport: oaep, digest: 'sha256', mask: 'sha1' },
    { transport: oaep, digest: 'sha1', mask: 'sha1' },
    { transport: oaep, digest: 'sha512', mask: 'sha512' },
    { transport: older, digest: 'sha256', mask: 'sha1' },
    { transport: older, digest: 'sha1', mask: 'sha1' }
  ]
  for (const row of rows) {
    const name = JSON.stringify(row)
    const answer = async (to = ours) => {
      const say = await rig.asked()
      const assertion = provider.assertion(say)
      return provider.sign(provider.response(encryptedWithHashes(assertion, to, row), say), '_r1')
    }
    t.match((await rig.accepted(await answer())).answer, { arrival: { name: 'alice@uni.example' } }, name)
    t.match(await rig.refusal(await answer(pair)), /second reader refuses/, `${name}, for another key`)
  }
  // Providers that are made with xml-encryption name the hash as that library does.
  for (const digest of ['sha256', 'sha512']) {
    const say = await rig.asked()
    const answer = provider.response(await provider.encrypted(provider.assertion(say), ours, { digest }), say)
    t.match(
      (await rig.accepted(provider.sign(answer, '_r1'))).answer,
      { arrival: { name: 'alice@uni.example' } },
      digest
    )
  }
})

t.test('an OAEP block is opened only if all of it is right', t => {
  const mask = (block: Buffer, seed: Buffer, from: number, to: number) => {
    for (let at = from, counter = 0; at < to; counter++) {
      const part = createHash('sha1')
        .update(seed)
        .update(Buffer.from([0, 0, 0, counter]))
        .digest()
      for (const byte of part) if (at < to) block[at] = block[at++]! ^ byte
    }
  }
  const label = createHash('sha256').digest()
  const blockOf = ({ first = 0, hash = label, blank = 0, mark = 1 }) => {
    const rest = Buffer.from([...Buffer.alloc(186, blank), mark, 7, 8, 9])
    const block = Buffer.concat([Buffer.from([first]), Buffer.alloc(32, 5), hash, rest])
    mask(block, Buffer.from(block.subarray(1, 33)), 33, block.length)
    mask(block, Buffer.from(block.subarray(33)), 1, 33)
    return block
  }
  t.same([...withoutPadding(blockOf({}), 'sha256', 'sha1')], [7, 8, 9])
  const wrong = [{ first: 1 }, { hash: Buffer.alloc(32) }, { blank: 2 }, { mark: 0 }, { mark: 3 }]
  for (const part of wrong)
    t.throws(() => withoutPadding(blockOf(part), 'sha256', 'sha1'), /padding/, JSON.stringify(part))
  t.throws(() => withoutPadding(Buffer.alloc(60), 'sha256', 'sha1'), /too short/)
  t.end()
})

t.test('a provider whose only key is of a weak curve is no provider', async t => {
  const weak = new SamlProvider('https://idp.example/entity', makePair(t, 'weak', 'secp256k1'))
  const { institution } = makeRig({ providers: [weak] })
  t.equal(await institution.find(weak.entityId), null)
})

const persistent = 'urn:oasis:names:tc:SAML:2.0:nameid-format:persistent'
const eppnOnly =
  '<saml:Attribute Name="urn:oid:1.3.6.1.4.1.5923.1.1.1.6"><saml:AttributeValue>alice@uni.example</saml:AttributeValue></saml:Attribute>'

/** An EncryptedID around this NameID. */
async function hide(provider: SamlProvider, value: string, options = {}): Promise<string> {
  const plain = `<saml:NameID xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" Format="${persistent}">${value}</saml:NameID>`
  return (await provider.encrypted(plain, ours, options)).replaceAll('EncryptedAssertion', 'EncryptedID')
}

t.test('an encrypted identifier says who somebody is', async t => {
  const provider = new SamlProvider('https://idp.example/entity', pair)
  const rig = makeRig({ providers: [provider], key: ours })
  const answer = async (nameId: string) => provider.answer({ ...(await rig.asked()), nameId, attributes: eppnOnly })
  const found = await rig.accepted(await answer(await hide(provider, 'p1')))
  t.match(found.answer, { arrival: { externalId: 'https://idp.example/entity!https://idp.example/entity!!p1' } })
  const rows: readonly (readonly [string, string, RegExp])[] = [
    [
      'for another key',
      (await hide(provider, 'p1')).replace(
        /<e:CipherValue>(.)/,
        (_, first) => `<e:CipherValue>${first === 'A' ? 'B' : 'A'}`
      ),
      /cannot be opened/
    ],
    [
      'RSA 1.5',
      await hide(provider, 'p1', { transport: 'http://www.w3.org/2001/04/xmlenc#rsa-1_5' }),
      /RSA-OAEP is accepted alone/
    ],
    ['two identifiers', `<saml:NameID>x</saml:NameID>${await hide(provider, 'p1')}`, /NameID and an encrypted one/]
  ]
  for (const [name, nameId, why] of rows) t.match(await rig.refusal(await answer(nameId)), why, name)
  const keyless = makeRig({ providers: [provider] })
  const say = { ...(await keyless.asked()), nameId: await hide(provider, 'p1'), attributes: eppnOnly }
  t.match((await keyless.accepted(provider.answer(say))).answer, { arrival: { externalId: 'alice@uni.example' } })
})

async function signedInTwice(t: Test, nameId: string) {
  const { gate, provider, browser, start } = await samlGate(t, { pair, more: keys })
  for (const id of ['_one', '_two']) {
    browser.cookies.clear()
    const say = { ...sayTo((await browser.get(start)).headers.location!), nameId, assertionId: id }
    const fields = { SAMLResponse: encode(provider.answer(say)), RelayState: say.relayState }
    const posted = await browser.postFromElsewhere(`${start}/acs`, fields)
    await browser.get(gate.portal + posted.headers.location)
  }
  const account = await gate.server.runtime.accounts.byName('alice@uni.example')
  return {
    provider,
    sessions: async () => (await gate.server.runtime.sessions.list(account!.id)).length,
    signOut(name: string) {
      const xml = `<samlp:LogoutRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="_l1" Version="2.0" IssueInstant="${new Date().toISOString()}" Destination="${start}/slo"><saml:Issuer>${provider.entityId}</saml:Issuer>${name}</samlp:LogoutRequest>`
      return browser.get(redirectUrl(`${start}/slo`, 'SAMLRequest', xml, null, createPrivateKey(provider.pair.key)))
    }
  }
}

t.test('a sign-out that names a person and no session ends all that the person began there', async t => {
  const name = (value: string, format: string) => `<saml:NameID Format="${format}">${value}</saml:NameID>`
  const transient = 'urn:oasis:names:tc:SAML:2.0:nameid-format:transient'
  for (const format of [persistent, transient]) {
    const { sessions, signOut } = await signedInTwice(t, name('n1', format))
    t.equal(await sessions(), 2)
    await signOut(name('n2', format))
    await signOut(name('n1', 'urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress'))
    t.equal(await sessions(), 2, 'another name, and the same of another kind')
    await signOut(name('n1', format))
    t.equal(await sessions(), 0, format)
  }
  const { provider, sessions, signOut } = await signedInTwice(t, name('n1', persistent))
  await signOut(await hide(provider, 'n1'))
  t.equal(await sessions(), 0, 'an encrypted name')
})
