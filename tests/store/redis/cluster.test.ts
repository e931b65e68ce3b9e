import t from 'tap'
import { openStore } from '../../../src/store/open.ts'
import { IoredisClient } from '../../../src/store/redis/redis.ts'
import { Replicas } from '../../../src/store/redis/replicas.ts'
import { parseRedisUrl } from '../../../src/store/redis/url.ts'
import { StoreUnreachable } from '../../../src/store/store.ts'
import { endsWithin } from '../../fixtures/in-process/in-time.ts'
import { type RedisServer, startRedisCluster, until } from '../../fixtures/process/redis-server.ts'
import { collect, holdToContract } from '../contract.ts'

t.test('a Cluster of three', async t => {
  const { url, nodes } = await startRedisCluster(t)

  holdToContract(t, async t => {
    const open = async () => {
      const store = await openStore(url)
      t.teardown(() => store.close())
      return store
    }
    const limit = async (bytes: string) => {
      for (const node of nodes) await node.cli('CONFIG', 'SET', 'maxmemory', bytes)
    }
    return {
      store: await open(),
      other: await open(),
      advance: ms => new Promise(resolve => setTimeout(resolve, ms)),
      fill: async () => {
        await limit('1')
        return () => limit('0')
      }
    }
  })

  t.test('uses every node, and hears from every node', async t => {
    const store = await openStore(url)
    t.teardown(() => store.close())
    const { listener, heard } = collect()
    await store.subscribe('session:', listener)
    const keys = Array.from({ length: 30 }, (_, i) => `session:${i}`)
    await Promise.all(keys.map(key => store.put(key, 'x')))
    for (const key of keys) await heard(key)
    for (const node of nodes) t.not(await node.cli('DBSIZE'), '0')
    await Promise.all(keys.map(key => store.delete(key)))
  })

  t.test('needs no more rights there than its README says', async t => {
    const rights =
      '~factorgate:* resetchannels &__redis__:invalidate +@read +@write +@connection +@scripting -@dangerous +subscribe +time +info +config|get +cluster|slots +cluster|info'
    for (const node of nodes) await node.cli('ACL', 'SETUSER', 'gate', 'on', '>hunter2', ...rights.split(' '))
    const address = url.replace('redis+cluster://', 'redis+cluster://gate:hunter2@')
    const store = await openStore(address)
    t.teardown(() => store.close())
    const { listener, heard } = collect()
    await store.subscribe('session:', listener)
    for (const key of ['session:a', 'session:b', 'session:c']) {
      await store.put(key, 'x', 500)
      await heard(key)
      t.equal(await store.take(key), 'x')
    }
    await store.ping()
    await t.rejects(openStore(address.replace('hunter2', 'hunter3')), {
      name: 'StoreMisconfigured',
      message: /refuses the user or the password/
    })
  })

  t.test('each master without a kept key gets a key of its own for the confirmation', async t => {
    const client = new IoredisClient(parseRedisUrl(url.replace('://', '://gate:hunter2@')), {})
    t.teardown(() => client.close())
    const replicas = new Replicas({
      name: client.name,
      ownPrefix: 'factorgate:meta:replicas:',
      // They have none, so nothing is confirmed.
      masters: async () => nodes.map(({ port }) => ({ name: `127.0.0.1 ${port}`, info: 'connected_slaves:1' })),
      connect: name => client.connectTracking(name)
    })
    t.teardown(() => replicas.stop())
    await t.rejects(replicas.settle([]), { name: 'StoreUnconfirmed' })
    for (const node of nodes) t.match(await node.cli('KEYS', 'factorgate:meta:*'), /^factorgate:meta:replicas:\d+$/m)
  })

  t.test('says so when it is addressed as if it were alone', async t => {
    await t.rejects(openStore(nodes[0]?.url as string), {
      name: 'StoreMisconfigured',
      message: /write redis\+cluster:/
    })
  })

  t.test('follows a slot to another node, and hears of its keys there', async t => {
    const store = await openStore(url)
    t.teardown(() => store.close())
    const { listener, notices, heard } = collect()
    await store.subscribe('session:', listener)
    await store.put('session:a', 'x')
    await heard('session:a')
    await store.delete('session:a')
    const slot = await (nodes[0] as RedisServer).cli('CLUSTER', 'KEYSLOT', 'factorgate:session:a')
    const owner = nodes.findIndex((_, i) => Number(slot) <= ([5460, 10922, 16383][i] as number))
    const target = nodes[(owner + 1) % 3] as RedisServer
    const id = await target.cli('CLUSTER', 'MYID')
    for (const node of [target, ...nodes.filter(node => node !== target)])
      await node.cli('CLUSTER', 'SETSLOT', slot, 'NODE', id)
    notices.length = 0
    await store.put('session:a', 'moved')
    await heard('session:a')
    t.equal(await store.get('session:a'), 'moved')
    t.equal(await target.cli('GET', 'factorgate:session:a'), 'moved')
    await store.delete('session:a')
  })

  t.test('D1 loses a node: rejects in time, says that notices are lost, and comes back by itself', async t => {
    const store = await openStore(url)
    t.teardown(() => store.close())
    const { listener, notices, told, heard } = collect()
    await store.subscribe('session:', listener)
    const keys = Array.from({ length: 12 }, (_, i) => `session:${i}`)
    await Promise.all(keys.map(key => store.put(key, 'kept')))
    for (const [how, back] of [
      [() => nodes[1]?.signal('SIGSTOP'), () => nodes[1]?.signal('SIGCONT')],
      [() => nodes[1]?.signal('SIGKILL'), () => nodes[1]?.start()]
    ] as const) {
      notices.length = 0
      await how()
      const all = Promise.allSettled(keys.map(key => store.get(key)))
      t.ok(await endsWithin(2000, all), 'in time')
      const replies = await all
      const failed = replies.flatMap(reply => (reply.status === 'rejected' ? [reply.reason] : []))
      t.ok(failed.length > 0)
      t.ok(failed.every(error => error instanceof StoreUnreachable))
      await told('lost')
      t.equal(
        notices.some(({ kind }) => kind === 'ready'),
        false
      )
      await back()
      await until('every key is there again', () =>
        Promise.all(keys.map(key => store.get(key))).then(
          found => found.every(value => value === 'kept'),
          () => false
        )
      )
      await told('ready')
      await store.put('session:again', 'x')
      await heard('session:again')
      await store.ping()
    }
  })
})
