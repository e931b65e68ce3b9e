/** What a person is told who has to wait, whatever they signed in with. */
import t from 'tap'
import { Authenticator } from '../helpers/authenticator.ts'
import { type House, openHouse } from './house.ts'
import { csrfOn } from './people.ts'
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
