/** An account that the authority no longer takes: a new one is made where that is safe, once a day at most, and people are told. */
import { readFileSync } from 'node:fs'
import http from 'node:http'
import t from 'tap'
import { AccountKey } from '../../src/acme/account-key.ts'
import { AcmeClient } from '../../src/acme/client.ts'
import { acmeAccountRecord, directoryId } from '../../src/acme/records.ts'
import { Wire } from '../../src/acme/wire.ts'
import { StoreUnreachable } from '../../src/store/store.ts'
import { refuse } from '../fixtures/in-process/acme-server.ts'
import { served, stateOf, type World, world } from '../fixtures/in-process/acme-world.ts'
import { freePort } from '../fixtures/process/free-port.ts'
import { lacksPebble, startPebble } from '../fixtures/process/pebble.ts'

const day = 24 * 3600
const secret = 'c2VjcmV0LXNlY3JldC1zZWNyZXQ'

const deactivateAll = ({ server }: World) => {
  for (const url of server.accounts.keys()) server.deactivated.add(url)
}
const ofAccounts = ({ events }: World) => events.filter(({ kind }) => kind === 'certificate.account')

t.test('K10 · the authority deactivates the account → a new one, told of, and never more than one a day', async t => {
  const here = await world(t)
  const { server, clock } = here
  const gate = await here.gate({}, ['gate.lab.example', 'notes.lab.example'])
  await gate.issuer.pass()
  const old = served(gate)
  deactivateAll(here)
  clock.advance(62 * day)
  await gate.issuer.pass()
  t.not(served(gate)?.cert, old?.cert)
  t.ok(served(gate, 'notes.lab.example'))
  t.match(ofAccounts(here), [{ authority: server.directory, why: /refuses: no: unauthorized/, url: /account/ }])
  t.match(here.log.join('\n'), /no longer takes the account of the gate; a new one was made/)
  t.equal(server.accounts.size, 2, 'for both names')

  deactivateAll(here)
  const asked = server.count('account')
  await here.store.delete('acme-certificate:gate.lab.example')
  await here.store.delete('acme-certificate:notes.lab.example')
  for (let hour = 0; hour < 20; hour++) {
    await gate.issuer.pass(true)
    clock.advance(3600)
  }
  t.equal(server.accounts.size, 2, 'an authority that refuses every account is not filled with them')
  t.equal(server.count('account'), asked)
  const sentence =
    /refuses the account that the gate made on \d.* in the place of one that was refused: .*listen\.tls\.acme\.directory/
  t.match((await stateOf(here))?.why, sentence, 'and a person is told the way out')
  t.match((await stateOf(here, 'notes.lab.example'))?.why, sentence)
  clock.advance(day)
  await gate.issuer.pass()
  t.equal(server.accounts.size, 3, 'the next day')
  t.equal((await stateOf(here))?.failures, 0)
})

t.test('a refusal that is about something else keeps the account', async t => {
  const here = await world(t)
  const { server, clock } = here
  const gate = await here.gate()
  await gate.issuer.pass()
  server.lies.order = (_, response) => {
    refuse(response, 403, 'unauthorized', 'not this name')
    return true
  }
  clock.advance(62 * day)
  await gate.issuer.pass()
  t.match((await stateOf(here))?.why, /not this name/)
  t.equal(server.accounts.size, 1)
  t.same(ofAccounts(here), [])
})

t.test('an order that would replace a certificate of the old account is made without that', async t => {
  const here = await world(t)
  const { server, clock } = here
  const gate = await here.gate()
  await gate.issuer.pass()
  server.accounts.clear()
  clock.advance(62 * day)
  let refused = 0
  server.isPredecessorKnown = () => {
    refused++
    return false
  }
  await gate.issuer.pass()
  t.equal(refused, 1)
  t.equal((await stateOf(here))?.failures, 0)
  t.equal(here.events.at(-1)?.kind, 'certificate.issued')
})

t.test('an authority that knows its customers', async t => {
  const here = await world(t)
  const { server, clock } = here
  server.eab = { kid: 'k1', secret }
  const gate = await here.gate({ eab: { kid: 'k1', secret: () => secret } })
  await gate.issuer.pass()
  deactivateAll(here)
  clock.advance(62 * day)
  await gate.issuer.pass()
  t.equal(ofAccounts(here).length, 1, 'the key of the configuration serves again')
  t.equal(here.events.at(-1)?.kind, 'certificate.issued')

  clock.advance(62 * day)
  deactivateAll(here)
  server.lies.account = (_, response, path) => {
    if (path !== 'account') return false
    refuse(response, 403, 'unauthorized', 'this key has an account')
    return true
  }
  for (let hour = 0; hour < 5; hour++) {
    await gate.issuer.pass(true)
    t.match(
      (await stateOf(here))?.why,
      /no longer takes the account of the gate.*makes no new one: .*this key has an account.*listen\.tls\.acme\.eab/
    )
    clock.advance(3600)
  }
  const pending = await acmeAccountRecord.get(here.store, directoryId(server.directory), here.seal)
  t.match(pending, { url: null, replacedAt: Number })
  delete server.lies.account
  const before = server.accounts.size
  await gate.issuer.pass(true)
  t.equal((await stateOf(here))?.failures, 0, 'once the authority takes the key, all goes on')
  t.equal(server.accounts.size, before + 1)
  const account = await acmeAccountRecord.get(here.store, directoryId(server.directory), here.seal)
  t.equal(account?.key, pending?.key, 'with the key that was waiting')

  deactivateAll(here)
  clock.advance(62 * day)
  await (await here.gate()).issuer.pass()
  t.match((await stateOf(here))?.why, /makes no new one: .*externalAccountRequired.*set listen\.tls\.acme\.eab/)
})

t.test('the gate ends, or the store is away, between the new account and its record → no second account', async t => {
  for (const isFirst of [true, false])
    await t.test(isFirst ? 'the first account' : 'a later one', async t => {
      const here = await world(t)
      const { server, store, clock } = here
      const gate = await here.gate()
      if (!isFirst) {
        await gate.issuer.pass()
        deactivateAll(here)
        clock.advance(62 * day)
      }
      const had = server.accounts.size
      const put = store.put.bind(store)
      store.put = (key, ...rest) =>
        key.startsWith('acme-account:') && server.accounts.size > had
          ? Promise.reject(new StoreUnreachable('gone'))
          : put(key, ...rest)
      await t.rejects(gate.issuer.pass(), StoreUnreachable)
      store.put = put
      await (await here.gate()).issuer.pass()
      t.equal(server.accounts.size, had + 1)
      t.equal((await stateOf(here))?.failures, 0)
    })
})

t.test('an account that is refused when its new address is told is replaced too', async t => {
  const here = await world(t)
  const { server, clock } = here
  await (await here.gate()).issuer.pass()
  deactivateAll(here)
  clock.advance(62 * day)
  await (await here.gate({ email: 'ann@lab.example' })).issuer.pass()
  t.equal(ofAccounts(here).length, 1)
  t.equal((await stateOf(here))?.failures, 0)
  t.same(server.last('account'), { termsOfServiceAgreed: true, contact: ['mailto:ann@lab.example'] })
})

t.test('pebble deactivates the account', { skip: lacksPebble }, async t => {
  const here = await world(t)
  const { clock } = here
  clock.now = Date.now()
  const httpPort = await freePort()
  const pebble = await startPebble(t, { httpPort, tlsPort: await freePort() })
  const ca = readFileSync(pebble.ca, 'utf8')
  const gate = await here.gate({ directory: pebble.directory, ca: () => ca })
  const answers = http.createServer(({ url }, response) => {
    void gate.board.answerTo(url?.split('/').at(-1) ?? '').then(answer => response.end(answer ?? ''))
  })
  await new Promise<void>(resolve => answers.listen(httpPort, '127.0.0.1', resolve))
  t.teardown(() => answers.close())
  await gate.issuer.pass()
  if (served(gate) == null) {
    // On a busy machine its question may not get through.
    t.comment((await stateOf(here))?.why)
    clock.advance(day)
    await gate.issuer.pass()
  }
  const old = served(gate)
  t.ok(old, 'there is a certificate')
  const { key = '', url = '' } =
    (await acmeAccountRecord.get(here.store, directoryId(pebble.directory), here.seal)) ?? {}
  const { directory } = pebble
  const wire = new Wire({ directory, ca, userAgent: 'test' })
  const signal = AbortSignal.timeout(20_000)
  const client = await AcmeClient.open({ wire, directory, key: AccountKey.read(key), signal })
  client.use(String(url))
  t.equal(await client.isAccountRefused(), false)
  await client.post(String(url), { status: 'deactivated' })
  t.equal(await client.isAccountRefused(), true)
  clock.advance(62 * day)
  await gate.issuer.pass()
  t.match(ofAccounts(here), [{ why: /deactivated/i }])
  t.not(served(gate)?.cert, old?.cert)
})
