/** Passwords and certificates of Redis that are changed while the gate runs count for its next connections. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { isSameStore, restartKeys, withOpened } from '../../src/server/fixed-keys.ts'
import { openStore } from '../../src/store/open.ts'
import { startGate } from '../fixtures/process/gate.ts'
import { startRedis, temporaryDirectory, until } from '../fixtures/process/redis-server.ts'

const rights = ['~*', '&*', '+@all']

t.test('a store uses other credentials from its next connection on', async t => {
  const redis = await startRedis(t)
  await redis.cli('ACL', 'SETUSER', 'gate', 'on', '>old', ...rights)
  const store = await openStore(redis.url, { username: 'gate', password: 'old' })
  t.teardown(() => store.close())
  let isReady = false
  await store.subscribe('a', ({ kind }) => {
    if (kind !== 'changed') isReady = kind === 'ready'
  })
  await store.put('a', '1')
  await redis.cli('ACL', 'SETUSER', 'gate', '<old', '>new')
  t.equal(await store.get('a'), '1', 'what is open stays')
  await redis.cli('CLIENT', 'KILL', 'USER', 'gate')
  await until('refused', () =>
    store.get('a').then(
      () => false,
      error => /refuses the user or the password/.test(error.message)
    )
  )
  store.renew?.({ url: redis.url, username: 'gate', password: 'new' })
  await until('answered', () =>
    store.get('a').then(
      value => value === '1',
      () => false
    )
  )
  await until('notices come again', async () => isReady)
})

t.test('the gate takes a changed passwordFile without a restart', async t => {
  const redis = await startRedis(t)
  await redis.cli('ACL', 'SETUSER', 'gate', 'on', '>old', '>new', ...rights)
  const folder = temporaryDirectory(t)
  const passwordFile = join(folder, 'password')
  writeFileSync(passwordFile, 'old\n')
  const app = { id: 'one', url: 'http://one.localhost:HOST', upstream: 'http://127.0.0.1:9' }
  const gate = await startGate(t, {
    apps: [app],
    config: { store: redis.url, redis: { username: 'gate', passwordFile } }
  })
  writeFileSync(passwordFile, 'new\n')
  await until('the configuration is reloaded', async () => /configuration reloaded/.test(gate.output))
  t.notMatch(gate.output, 'restartNeededFor')
  await redis.cli('ACL', 'SETUSER', 'gate', '<old')
  await redis.cli('CLIENT', 'KILL', 'USER', 'gate')
  const clients = async () => (await redis.cli('CLIENT', 'LIST')).match(/user=gate/g)?.length ?? 0
  await until('the gate is back', async () => (await clients()) > 1 && (await gate.admin('/readyz')) === 200)
})

t.test('another address or prefix needs a restart, other credentials do not', t => {
  const config = (url: string, redis: object = {}) =>
    ({
      ...{ listen: {}, admin: false, workers: 2, keyFile: 'k', journal: { file: 'j' } },
      ...{
        store: { kind: 'redis', url },
        redis: { username: null, password: null, keyPrefix: 'a:', tls: null, ...redis }
      }
    }) as unknown as Parameters<typeof restartKeys>[0]
  const opened = config('redis://u:old@one:1/2')
  for (const [name, other, keys] of [
    ['password in the address', config('redis://u:new@one:1/2'), []],
    ['password', config('redis://u:old@one:1/2', { password: 'x' }), []],
    ['certificate', config('redis://u:old@one:1/2', { tls: { ca: 'x' } }), []],
    ['host', config('redis://u:old@two:1/2'), ['store']],
    ['database', config('redis://u:old@one:1/3'), ['store']],
    ['TLS', config('rediss://u:old@one:1/2'), ['store']],
    ['prefix', config('redis://u:old@one:1/2', { keyPrefix: 'b:' }), ['redis']]
  ] as const) {
    t.same(restartKeys(other, opened), keys, name)
    t.equal(isSameStore(other, opened), keys.length === 0, name)
    const kept = withOpened(other, opened)
    t.same(
      [kept.store, kept.redis],
      keys.length === 0
        ? [other.store, other.redis]
        : [keys[0] === 'store' ? opened.store : other.store, keys[0] === 'redis' ? opened.redis : other.redis],
      name
    )
  }
  t.end()
})
