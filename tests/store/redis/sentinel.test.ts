import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import t from 'tap'
import { openStore } from '../../../src/store/open.ts'
import { StoreUnreachable } from '../../../src/store/store.ts'
import { endsWithin } from '../../fixtures/in-process/in-time.ts'
import { startRedisSentinel, until } from '../../fixtures/process/redis-server.ts'
import { collect } from '../contract.ts'

t.test('three Sentinels, a master and a replica', async t => {
  const { url, master, replica, sentinels } = await startRedisSentinel(t)
  await t.rejects(openStore(url.replace('/lab', '/other')), {
    name: 'StoreMisconfigured',
    message: /know no master of that name/
  })
  await t.rejects(openStore(`redis://127.0.0.1:${sentinels[0]?.port}`), {
    name: 'StoreMisconfigured',
    message: /write redis\+sentinel:/
  })
  await t.rejects(openStore(`redis+sentinel://127.0.0.1:${new URL(master.url).port}/lab`), {
    name: 'StoreMisconfigured',
    message: /it is not a Sentinel; write redis:/
  })
  await t.rejects(openStore(replica.url), { name: 'StoreUnreachable', message: /is a replica/ })

  const store = await openStore(url)
  t.teardown(() => store.close())
  const { listener, notices, told, heard } = collect()
  await store.subscribe('session:', listener)
  await store.put('session:a', 'kept')
  await heard('session:a')
  t.equal(await master.cli('GET', 'factorgate:session:a'), 'kept')
  await until('the replica has it', async () => (await replica.cli('GET', 'factorgate:session:a')) === 'kept')

  const silent = await Promise.all(
    [0, 1, 2].map(async () => {
      const server = createServer(() => {}).listen(0, '127.0.0.1')
      t.teardown(() => server.close())
      await once(server, 'listening')
      return `127.0.0.1:${(server.address() as AddressInfo).port}`
    })
  )
  const openBehind = async (before: string[]) => {
    const store = await openStore(url.replace('//', `//${before.join(',')},`))
    t.teardown(() => store.close())
    return store
  }
  await openBehind(silent)
  // A Sentinel whose machine is away takes all the time that a confirmation has.
  const second = await openBehind(silent.slice(0, 1))
  await second.settle?.(['session:a'])

  notices.length = 0
  await master.signal('SIGKILL')
  t.ok(await endsWithin(2000, t.rejects(store.get('session:a'), StoreUnreachable)), 'in time')
  await until('the new master takes writes', () =>
    store.put('session:b', 'x').then(
      () => true,
      () => false
    )
  )
  t.equal(await store.get('session:a'), 'kept')
  t.equal(await replica.cli('GET', 'factorgate:session:b'), 'x')
  await told('ready')
  t.same(notices[0], { kind: 'lost' })
  await store.put('session:c', 'x')
  await heard('session:c')
  await store.ping()
})
