/** The keys of a provider while they change. */
import t from 'tap'
import { SigningKeys } from '../../../src/identity/oidc/signing-keys.ts'
import { type OidcProvider, startOidcProvider } from '../../fixtures/in-process/oidc-provider.ts'

const now = Date.now()
const checks = { issuer: 'https://login.example', audience: 'gate' }
const claims = { iss: checks.issuer, aud: checks.audience, exp: Math.floor(now / 1000) + 60 }

/** Answers to requests for keys, each given when the test says so. */
function addressBook(provider: OidcProvider) {
  const waiting: (() => void)[] = []
  const fetch = async () => {
    // What the provider has when it is asked.
    const keys = provider.keys.map(key => key.public)
    await new Promise<void>(resolve => waiting.push(resolve))
    return Response.json({ keys })
  }
  return { keys: new SigningKeys('https://login.example/jwks', fetch), waiting }
}

t.test('a token whose key is newer than a request under way makes one more', async t => {
  const provider = await startOidcProvider(t)
  const { keys, waiting } = addressBook(provider)
  const turn = () => new Promise(resolve => setImmediate(resolve))
  const answer = async () => {
    while (waiting.length === 0) await turn()
    waiting.shift()!()
  }
  const verify = (token: string) => keys.verify(token, checks, 'provider', now)

  const first = verify(await provider.sign(claims))
  await answer()
  t.match(await first, { claims: { aud: 'gate' } })
  provider.keys = [await provider.newKey()]
  const second = verify(await provider.sign(claims))
  while (waiting.length === 0) await turn()
  provider.keys = [await provider.newKey(), ...provider.keys]
  const third = verify(await provider.sign(claims))
  await turn()
  await answer()
  t.match(await second, { claims: { aud: 'gate' } })
  await answer()
  t.match(await third, { claims: { aud: 'gate' } })
  t.equal(waiting.length, 0)
})

t.test('keys that cannot be had count for an hour, and then no more', async t => {
  const provider = await startOidcProvider(t)
  let isUp = true
  const keys = new SigningKeys('https://login.example/jwks', async () =>
    isUp ? Response.json({ keys: provider.keys.map(key => key.public) }) : new Response('', { status: 500 })
  )
  const token = await provider.sign({ ...claims, exp: claims.exp + 7200 })
  await keys.verify(token, checks, 'provider', now)
  isUp = false
  await keys.verify(token, checks, 'provider', now + 59 * 60_000)
  await t.rejects(keys.verify(token, checks, 'provider', now + 61 * 60_000), /answered 500/)
})

t.test(
  'I56 CWE-400 · a provider has thousands of keys without an id, and strangers send tokens → few keys are tried for each',
  async t => {
    const provider = await startOidcProvider(t)
    const [first, last] = [await provider.newKey(), await provider.newKey()]
    const keysOf = (before: number) => {
      const all = [...Array.from({ length: before }, () => first), last]
      const bare = all.map(({ public: { kid: _, ...key } }) => key)
      return new SigningKeys('https://login.example/jwks', async () => Response.json({ keys: bare }))
    }
    const token = await provider.sign(claims, { kid: undefined }, last)
    t.match(await keysOf(19).verify(token, checks, 'anybody', now), { claims })
    await t.rejects(keysOf(20).verify(token, checks, 'anybody', now), /signature/i)
  }
)

t.test('of several keys without an id, the one that has signed is found', async t => {
  const provider = await startOidcProvider(t)
  provider.keys = [await provider.newKey(), await provider.newKey(), await provider.newKey()]
  const stranger = await provider.newKey()
  let fetches = 0
  const keys = new SigningKeys('https://login.example/jwks', async () => {
    fetches++
    return Response.json({ keys: provider.keys.map(({ public: { kid: _, ...key } }) => key) })
  })
  const verify = (token: string) => keys.verify(token, checks, 'provider', now)
  for (const [index, key] of provider.keys.entries())
    t.match(await verify(await provider.sign(claims, { kid: undefined }, key)), { claims }, `the key ${index + 1}`)
  t.equal(fetches, 1)
  await t.rejects(verify(await provider.sign(claims, { kid: undefined }, stranger)), /signature/i)
  t.equal(fetches, 2, 'a key that nobody knows may be new')
  const old = { ...claims, exp: claims.exp - 7200 }
  await t.rejects(verify(await provider.sign(old, { kid: undefined }, provider.keys[2])), /exp/)
  t.equal(fetches, 2, 'a token that is over is not tried with new keys')
})
