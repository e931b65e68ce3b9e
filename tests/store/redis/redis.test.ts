import t, { type Test } from 'tap'
import { openStore, type StoreOptions } from '../../../src/store/open.ts'
import type { Store } from '../../../src/store/store.ts'
import { makeCertificates, startRedis, until } from '../../fixtures/process/redis-server.ts'
import { collect, holdToContract } from '../contract.ts'

async function opened(t: Test, url: string, options: StoreOptions = {}): Promise<Store> {
  const store = await openStore(url, options)
  t.teardown(() => store.close())
  return store
}

/** Reads, writes, runs scripts, subscribes, lists and pings: all that the user of Redis needs rights for. */
async function worksThroughout(t: Test, store: Store): Promise<void> {
  const { listener, heard } = collect()
  await store.subscribe('session:', listener)
  await store.put('session:a', '1', 500)
  await heard('session:a')
  t.equal(await store.replace('session:a', '1', '2'), true)
  t.equal(await store.add('session:a', '3'), false)
  t.equal(await store.increment('tries', 500), 1)
  await store.link('sessions-of:x', 'a', 500)
  t.same(await store.members('sessions-of:x'), ['a'])
  await store.unlink('sessions-of:x', 'a')
  const keys: string[] = []
  for await (const { key } of store.scan('session:')) keys.push(key)
  t.same(keys, ['session:a'])
  t.equal(await store.take('session:a'), '2')
  t.equal(await store.delete('tries'), true)
  await store.ping()
}

holdToContract(t, async t => {
  const { url, cli } = await startRedis(t)
  return {
    store: await opened(t, url),
    other: await opened(t, url),
    fill: async () => {
      await cli('CONFIG', 'SET', 'maxmemory', '1')
      return async () => void (await cli('CONFIG', 'SET', 'maxmemory', '0'))
    },
    advance: ms => new Promise(resolve => setTimeout(resolve, ms))
  }
})

t.test('signs in as a user who may do no more than it needs', async t => {
  const redis = await startRedis(t)
  // As in src/store/README.md.
  const rights =
    '~factorgate:* resetchannels &__redis__:invalidate +@read +@write +@connection +@scripting -@dangerous +subscribe +time +info +config|get'
  await redis.cli('ACL', 'SETUSER', 'gate', 'on', '>hunter2', ...rights.split(' '))
  const address = redis.url.replace('redis://', 'redis://gate:hunter2@')
  await worksThroughout(t, await opened(t, address))
  await worksThroughout(t, await opened(t, redis.url, { username: 'gate', password: 'hunter2' }))
  await worksThroughout(t, await opened(t, `${address}/2`))

  const refused: [string, string, string, RegExp][] = [
    ['a wrong password', 'gate:hunter3', '', /refuses the user or the password/],
    ['an unknown user', 'nobody:hunter2', '', /refuses the user or the password/],
    ['no word on persistence', 'gate:hunter2', '-info -config|get', /Allow this user \+info and \+config\|get/]
  ]
  for (const [name, user, change, message] of refused)
    t.test(name, async t => {
      if (change !== '') await redis.cli('ACL', 'SETUSER', 'gate', ...change.split(' '))
      const error = await openStore(redis.url.replace('redis://', `redis://${user}@`)).then(
        () => null,
        error => error
      )
      t.match(error, { name: 'StoreMisconfigured', message })
      t.notMatch(`${error.message} ${JSON.stringify(error)}`, /hunter/)
    })

  t.test('a right that is missing is named', async t => {
    await redis.cli('ACL', 'SETUSER', 'gate', '+info', '+config|get', '-getdel', 'resetchannels')
    const store = await opened(t, address)
    await t.rejects(store.take('x'), { message: /may not run GETDEL; allow it with ACL SETUSER … \+getdel/ })
    await t.rejects(
      store.subscribe('x', () => {}),
      { message: /may not receive changes.*&__redis__:invalidate/ }
    )
    await redis.cli('ACL', 'SETUSER', 'gate', '-time')
    await t.rejects(store.link('sessions-of:a', 'm'), {
      message: /may not run (?:TIME|a command of our scripts); allow it with ACL SETUSER … .*\+time/
    })
    await redis.cli('ACL', 'SETUSER', 'gate', '+time', 'resetkeys', '~other:*')
    await t.rejects(store.get('x'), { message: /may not use our keys/ })
  })
})

t.test('a database that Redis does not have, or refuses, is never replaced by the first one', async t => {
  const redis = await startRedis(t)
  await t.rejects(openStore(`${redis.url}/99`), {
    name: 'StoreMisconfigured',
    message: /it has no database of this number; its setting 'databases' says how many/
  })
  t.equal((await redis.cli('DBSIZE')).trim(), '0', 'nothing was written elsewhere')
  await redis.cli('ACL', 'SETUSER', 'gate', 'on', '>hunter2', '~*', '&*', '+@all')
  const store = await opened(t, `${redis.url.replace('redis://', 'redis://gate:hunter2@')}/2`)
  await store.put('x', 'right')
  const key = (await redis.cli('-n', '2', 'KEYS', '*x')).trim()
  await redis.cli('SET', key, 'wrong')
  await redis.cli('ACL', 'SETUSER', 'gate', '-select')
  await redis.cli('CLIENT', 'KILL', 'USER', 'gate')
  const asked: (string | null)[] = []
  const ask = () =>
    store.get('x').then(
      value => asked.push(value) > 0,
      () => false
    )
  const connections = async () => (await redis.cli('INFO', 'stats')).match(/total_connections_received:(\d+)/)?.[1]
  const before = Number(await connections())
  // The gate has tried again several times, and was refused each time.
  await until('the gate comes back', async () => {
    await ask()
    return Number(await connections()) > before + 20
  })
  t.notOk(asked.includes('wrong'), `${asked}`)
  await t.rejects(store.get('x'))
  await redis.cli('ACL', 'SETUSER', 'gate', '+select')
  await until('it serves again', ask)
  t.equal(await store.get('x'), 'right')
})

t.test('FIELD A4 a user who may no longer write reads nothing either, because no session could be ended', async t => {
  const redis = await startRedis(t)
  await redis.cli('ACL', 'SETUSER', 'gate', 'on', '>hunter2', '~*', '&*', '+@all')
  const store = await opened(t, redis.url.replace('redis://', 'redis://gate:hunter2@'))
  const { listener, told } = collect()
  await store.subscribe('session:', listener)
  await store.put('session:a', '1')
  const why = () => store.get('session:a').then(String, (error: Error) => error.message)
  await redis.cli('ACL', 'SETUSER', 'gate', '-@write')
  await until('it is refused', async () => /may not run SET; allow it with ACL SETUSER/.test(await why()))
  await told('lost')
  await redis.cli('ACL', 'SETUSER', 'gate', '+@write')
  await until('it is answered', async () => (await why()) === '1')
  await told('ready')
})

t.test('signs in with the one password of an old-fashioned Redis', async t => {
  const redis = await startRedis(t, { args: ['--requirepass', 'hunter2'] })
  await worksThroughout(t, await opened(t, redis.url.replace('redis://', 'redis://:hunter2@')))
  await t.rejects(openStore(redis.url), { name: 'StoreMisconfigured', message: /asks for a password; write redis:/ })
})

t.test('speaks TLS, and checks the certificate', async t => {
  const { ca, cert, key } = await makeCertificates(t)
  const tls = ['--tls-cert-file', cert, '--tls-key-file', key, '--tls-ca-cert-file', ca, '--tls-auth-clients', 'no']
  const redis = await startRedis(t, { tls: true, args: tls })
  const secure = redis.url.replace('redis:', 'rediss:')
  await worksThroughout(t, await opened(t, `${secure}?ca=${encodeURIComponent(ca)}`))
  await t.rejects(openStore(secure), {
    name: 'StoreMisconfigured',
    message: /nobody we trust signed its certificate; name the file of its authority as redis\.tls\.ca/
  })
  await t.rejects(openStore(`${secure}?ca=${encodeURIComponent(ca)}&servername=elsewhere`), {
    name: 'StoreMisconfigured',
    message: /certificate is for another host/
  })
  const plain = await startRedis(t)
  await Promise.all([
    t.rejects(openStore(plain.url.replace('redis:', 'rediss:')), {
      name: 'StoreUnreachable',
      message: /or does not speak TLS/
    }),
    t.rejects(openStore(redis.url), { name: 'StoreUnreachable' })
  ])
})

t.test('refuses a Redis that forgets', async t => {
  const cases: [string, string[], RegExp][] = [
    ['nothing on its disk', ['--appendonly', 'no'], /loses all data at a restart.*unsafeVolatileStore: true/],
    ['evictions', ['--maxmemory-policy', 'allkeys-lru'], /allkeys-lru.*unsafeVolatileStore: true/]
  ]
  for (const [name, args, message] of cases)
    t.test(name, async t => {
      const { url } = await startRedis(t, { args })
      await t.rejects(openStore(url), { name: 'StoreMisconfigured', message })
      const store = await opened(t, url, { unsafeVolatileStore: true })
      await store.ping()
    })
  t.test('but takes snapshots', async t => {
    const { url } = await startRedis(t, { args: ['--appendonly', 'no', '--save', '3600 1'] })
    await opened(t, url)
  })
})

t.test('two gateways with prefixes of their own see nothing of each other', async t => {
  const { url, cli } = await startRedis(t)
  const [a, b] = [await opened(t, url, { keyPrefix: 'a*:' }), await opened(t, url, { keyPrefix: 'ab:' })]
  const { listener, notices, heard } = collect()
  await a.subscribe('', listener)
  await b.put('x', 'of b')
  await b.link('i', 'of b')
  await a.put('x', 'of a')
  await heard('x')
  t.same(notices, [{ kind: 'changed', key: 'x' }])
  t.equal(await b.get('x'), 'of b')
  t.same(await a.members('i'), [])
  for await (const entry of a.scan('')) t.match(entry, { key: 'x', value: 'of a' })
  t.equal(await cli('GET', 'a*:x'), 'of a')
})

t.test('a script survives that Redis forgets its scripts', async t => {
  const { url, cli } = await startRedis(t)
  const store = await opened(t, url)
  t.equal(await store.increment('tries', 500), 1)
  await cli('SCRIPT', 'FLUSH')
  t.equal(await store.increment('tries', 500), 2)
  t.equal(await store.increment('tries', 500), 3)
})
