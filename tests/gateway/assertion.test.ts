/** The signed assertion as an app verifies it, with jose: audience, type, times, and a rotation of the keys. */
import path from 'node:path'
import { createRemoteJWKSet, customFetch, errors, type JWTVerifyOptions, jwtVerify } from 'jose'
import t from 'tap'
import { assertionSeconds } from '../../src/identity/assertion.ts'
import { addKey, retireOldKeys } from '../../src/keyring/key-file.ts'
import { echoApp, type Running, startGateway } from '../fixtures/in-process/gateway.ts'

/** The keys as jose fetches them from the running gate. */
function keysOf(gate: Running, options: { cooldownDuration?: number; cacheMaxAge?: number } = {}) {
  const fetched: string[] = []
  const keys = createRemoteJWKSet(new URL(`${gate.portal}/.factorgate/jwks.json`), {
    ...options,
    [customFetch]: async url => {
      const { status, headers, body } = await gate.request('GET', url)
      fetched.push(body)
      return new Response(body, { status, headers: { 'content-type': String(headers['content-type']) } })
    }
  })
  return { keys, fetched }
}

t.test('jose verifies an assertion of the running gate, and its rotation', async t => {
  const app = await echoApp(t)
  let now = Date.now()
  const gate = await startGateway(t, {
    clock: () => now,
    apps: ['one', 'two']
      .map(id => `  - { id: ${id}, url: "http://${id}.localhost:PORT", upstream: "${app.url}", assertion: true }`)
      .concat(`  - { id: nb, url: "http://one.localhost:PORT/nb", upstream: "${app.url}", assertion: true }`)
      .join('\n')
  })
  const alice = await gate.account('alice', ['researchers', 'ärzte', 'a,b'])
  const { cookies, principal } = await gate.signIn(alice, 'one', 'two')
  const tokenFor = async (host: string, at = '/') => {
    const answer = await gate.request('GET', `${gate.origin(host)}${at}`, { cookie: cookies[host] })
    return JSON.parse(answer.body).headers['x-factorgate-assertion'] as string
  }
  const expected = (audience: string): JWTVerifyOptions => ({
    issuer: gate.portal,
    audience,
    typ: 'factorgate+jwt',
    algorithms: ['EdDSA'],
    currentDate: new Date(now),
    requiredClaims: ['sub', 'sid', 'exp', 'iat', 'auth_time', 'amr', 'groups']
  })
  const { keys } = keysOf(gate)

  t.test('with issuer, audience, type and times', async t => {
    const { payload, protectedHeader } = await jwtVerify(await tokenFor('one'), keys, expected(gate.origin('one')))
    t.match(payload, { sub: alice.id, sid: principal.session.id, groups: ['researchers', 'ärzte', 'a,b'] })
    t.equal(protectedHeader.kid, gate.server.runtime.keyring.currentKeyId)
  })

  t.test('of one app it is no good at another, nor on another path of the same host', async t => {
    const token = await tokenFor('one')
    for (const audience of [gate.origin('two'), `${gate.origin('one')}/nb`])
      await t.rejects(jwtVerify(token, keys, expected(audience)), {
        code: 'ERR_JWT_CLAIM_VALIDATION_FAILED',
        claim: 'aud'
      })
    await jwtVerify(await tokenFor('one', '/nb/x'), keys, expected(`${gate.origin('one')}/nb`))
  })

  t.test('it ends, and a changed one is refused', async t => {
    const token = await tokenFor('two')
    const later = new Date(now + (assertionSeconds + 1) * 1000)
    const options = expected(gate.origin('two'))
    await t.rejects(jwtVerify(token, keys, { ...options, currentDate: later }), errors.JWTExpired)
    const [head, body, signature] = token.split('.') as [string, string, string]
    const claims = { ...JSON.parse(Buffer.from(body, 'base64url').toString()), sub: 'somebody-else' }
    const forged = `${head}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.${signature}`
    await t.rejects(jwtVerify(forged, keys, options), errors.JWSSignatureVerificationFailed)
  })

  t.test('after a rotation the old key is published for as long as its tokens live, and no longer', async t => {
    const { runtime } = gate.server
    const keyFile = path.join(gate.folder, 'factorgate.key')
    const options = () => expected(gate.origin('one'))
    const before = await tokenFor('one')
    const oldId = runtime.keyring.currentKeyId
    await addKey(keyFile)
    await gate.server.reloadKeys()
    await retireOldKeys(keyFile)
    await gate.server.reloadKeys()
    const newId = runtime.keyring.currentKeyId
    t.not(newId, oldId)
    const published = async () => {
      const { body } = await gate.request('GET', `${gate.portal}/.factorgate/jwks.json`)
      return (JSON.parse(body).keys as { kid: string }[]).map(({ kid }) => kid)
    }
    t.same(await published(), [newId, oldId], 'the one that signs is first')
    // An app that has fetched the keys before meets an unknown one and fetches them again.
    const app = keysOf(gate, { cooldownDuration: 0 })
    await jwtVerify(before, app.keys, options())
    const after = await tokenFor('one')
    for (const token of [before, after]) {
      await jwtVerify(token, app.keys, options())
      await jwtVerify(token, keysOf(gate).keys, options())
    }
    now += assertionSeconds * 1000
    t.same(await published(), [newId, oldId])
    now += 61_000
    t.same(await published(), [newId], 'no longer than that')
    await t.rejects(jwtVerify(before, keysOf(gate).keys, options()), errors.JWKSNoMatchingKey)
    // A key that comes back is the file's again, and there once.
    await addKey(keyFile)
    await gate.server.reloadKeys()
    t.equal(new Set(await published()).size, (await published()).length)
  })
})
