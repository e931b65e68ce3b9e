/** What a person is told who has to wait, whatever they signed in with. */
import t from 'tap'
import { Authenticator } from '../helpers/authenticator.ts'
import { codeAt, type House, openHouse } from './house.ts'
import { csrfOn, enrolled, halfWay, signedIn } from './people.ts'
import { Visitor } from './visitor.ts'

/** A passkey of ada's, and its credential's id. */
async function withPasskey({ ada, services, portalOrigin }: House) {
  const key = new Authenticator({ origin: portalOrigin })
  const { ceremony, options } = await services.webauthn.registrationOptions(ada, 's1')
  const response = key.register(options)
  const input = { account: ada, binding: 's1', ceremony, response, name: 'Key', address: '192.0.2.1' }
  const outcome = await services.webauthn.register(input)
  if (outcome.kind !== 'enrolled') throw new Error(outcome.kind)
  return { key, id: outcome.credential.id }
}

t.test('a passkey that has to wait says so, and how long', async t => {
  const house = await openHouse(t)
  const { key, id } = await withPasskey(house)
  const now = house.clock()
  await house.store.put(
    `attempts:passkey:${id}@192.0.2.17`,
    JSON.stringify({ failures: 70, at: now, until: now + 25_000 })
  )
  const visitor = new Visitor(house.app)
  const csrf = csrfOn(await visitor.open(`${house.portalOrigin}/.factorgate/login`))
  const post = (end: string, value: object) =>
    visitor.send('POST', `${house.portalOrigin}/.factorgate/webauthn/${end}?for=login`, {
      headers: { 'content-type': 'application/json', accept: 'application/json' },
      body: JSON.stringify({ csrf, ...value })
    })
  const { ceremony, options } = JSON.parse((await post('options', {})).body)
  const answer = await post('verify', { ceremony, response: key.assert(options) })
  t.match([answer.status, answer.headers['retry-after']], [429, '25'])
  t.equal(JSON.parse(answer.body).error.message, 'Too many tries for now. The next one is possible in 25 seconds.')
})

t.test('M11: a sign-in gives its address the one attempt back that it counted, a step-up none', async t => {
  const house = await openHouse(t)
  const { secret } = await enrolled(house)
  const key = 'attempts:neighbours:192.0.2.17'
  const failures = async () => JSON.parse((await house.store.get(key)) ?? '{}').failures
  await house.store.put(key, JSON.stringify({ failures: 50, at: house.clock(), until: 0 }))
  await halfWay(house)
  t.equal(await failures(), 51, 'half-way')
  const { visitor: whole } = await signedIn(house, secret)
  t.equal(await failures(), 51, 'another, whole')
  // Without its mark, otherwise it would not be counted with its neighbours at all.
  whole.jar('gate.localhost').delete('factorgate-known')
  house.time.advance(400)
  await house.store.put(key, JSON.stringify({ failures: 50, at: house.clock(), until: 0 }))
  const again = await whole.open(`${house.portalOrigin}/.factorgate/enrol`)
  t.equal((await whole.post(again, { code: codeAt(secret, house.clock()) }, /totp/)).status, 303)
  t.equal(await failures(), 50, 'a step-up')
})
