/** The confirmation of replicas: what WAIT counts, and whoever waits while the connection is away is told so. */
import { EventEmitter } from 'node:events'
import type { Redis } from 'ioredis'
import t from 'tap'
import { IoredisClient } from '../../../src/store/redis/redis.ts'
import { type RedisClient, RedisStore } from '../../../src/store/redis/redis-store.ts'
import { Replicas } from '../../../src/store/redis/replicas.ts'
import { keysWithin, slotOf } from '../../../src/store/redis/slots.ts'
import type { TrackingConnection } from '../../../src/store/redis/tracking.ts'
import { parseRedisUrl } from '../../../src/store/redis/url.ts'

class Connection extends EventEmitter implements TrackingConnection {
  connect = () => Promise.resolve()
  call = (command: string, ..._args: string[]): Promise<unknown> =>
    Promise.resolve(command === 'WAIT' ? 1 : command === 'EVAL' ? 1 : '')
  subscribe = () => Promise.resolve()
  ping = () => Promise.resolve()
  disconnect: () => unknown = () => {}
}

t.test('settling while the connection is away', async t => {
  const connection = new Connection()
  const replicas = new Replicas({
    name: 'redis://lab',
    ownPrefix: 'own:',
    masters: async () => [{ name: 'lab', info: 'connected_slaves:1' }],
    connect: () => connection
  })
  const first = await Promise.allSettled(Array.from({ length: 30 }, () => replicas.settle(['epoch'])))
  t.ok(first.every(({ status }) => status === 'rejected'))
  t.equal(connection.listenerCount('ready'), 1)
  const second = replicas.settle(['epoch'])
  // The question about the masters comes first.
  await new Promise(resolve => setImmediate(resolve))
  connection.emit('ready')
  await second
  await replicas.settle(['epoch'])
  t.equal(connection.listenerCount('ready'), 1)
})

t.test('a replaced master keeps no connection', async t => {
  let masters = ['a 1', 'b 1']
  const left: string[] = []
  const connected: string[] = []
  const replicas = new Replicas({
    name: 'redis://lab',
    ownPrefix: 'own:',
    masters: async () => masters.map(name => ({ name, info: 'connected_slaves:1' })),
    connect: name => {
      connected.push(name)
      const connection = new Connection()
      connection.connect = async () => void connection.emit('ready')
      connection.disconnect = () => left.push(name)
      return connection
    }
  })
  await replicas.settle(['epoch'])
  for (const next of ['c 1', 'd 1', 'a 1']) {
    masters = [next, 'b 1']
    await replicas.settle(['epoch'])
  }
  t.same(connected, ['a 1', 'b 1', 'c 1', 'd 1', 'a 1'])
  t.same(left, ['a 1', 'c 1', 'd 1'])
  masters = []
  await replicas.settle(['epoch'])
  t.equal(left.length, 3, 'while the client reconnects it knows none')
})

t.test('the client forgets a connection that was left, and gives new credentials to those that stay', async t => {
  for (const url of [
    'redis+cluster://u:old@127.0.0.1:1',
    'redis+sentinel://u:old@127.0.0.1:1/lab',
    'redis://u:old@127.0.0.1:1'
  ]) {
    const client = new IoredisClient(parseRedisUrl(url), {})
    const [left, kept] = ['127.0.0.1 1', '127.0.0.1 2'].map(name => client.connectTracking(name) as unknown as Redis)
    kept?.disconnect(true)
    left?.disconnect()
    client.renew({ url: url.replace('old', 'new') } as never)
    t.same([left?.options.password, kept?.options.password], ['old', 'new'], url)
    kept?.disconnect()
    await client.close()
  }
})

t.test('FIELD A7 after a failover no connection to the old master is asked', async t => {
  const connections: Connection[] = []
  const left: Connection[] = []
  let breaks = () => {}
  const client = {
    name: 'redis+sentinel://lab',
    isReady: true,
    masters: () => [{ call: () => Promise.resolve('connected_slaves:1') }],
    nameOf: () => 'lab',
    connectTracking: () => {
      const connection = new Connection()
      connections.push(connection)
      connection.connect = async () => void connection.emit('ready')
      connection.disconnect = () => left.push(connection)
      return connection
    },
    onMastersChanged: () => {},
    onBreak: (listener: () => void) => {
      breaks = listener
    }
  }
  const store = new RedisStore(client as unknown as RedisClient, {})
  await store.settle(['epoch'])
  await store.settle(['epoch'])
  t.equal(connections.length, 1)
  breaks()
  t.same(left, connections)
  await store.settle(['epoch'])
  t.equal(connections.length, 2)
})

/** WAIT as Redis 7.2, Redis 8 and Valkey have it: a connection that has written nothing waits for nothing. */
class Master extends Connection {
  readonly calls: string[] = []
  readonly #holds: readonly string[]
  #hasWritten = false

  constructor(holds: readonly string[]) {
    super()
    this.#holds = holds
  }

  override call = async (command: string, ...args: string[]): Promise<unknown> => {
    const [script = '', , key = ''] = args
    this.calls.push(command === 'EVAL' ? key : command)
    if (command === 'WAIT') return this.#hasWritten ? 0 : 1
    if (command !== 'EVAL') return ''
    if (!this.#holds.includes(key)) throw new Error('MOVED 1 127.0.0.1:7001')
    this.#hasWritten = script.includes("redis.call('SET'")
    return 1
  }
}

t.test('a replica that stands still confirms nothing, whatever WAIT counts', async t => {
  const masters = { a: new Master(['one']), b: new Master(['two', 'three']) }
  const turn = () => new Promise(resolve => setImmediate(resolve))
  void turn().then(() => Object.values(masters).map(master => master.emit('ready')))
  const replicas = new Replicas({
    name: 'redis+cluster://lab',
    ownPrefix: 'own:',
    masters: async () => Object.keys(masters).map(name => ({ name, info: 'connected_slaves:1' })),
    connect: name => masters[name as keyof typeof masters]
  })
  const settle = () => replicas.settle(['one', 'two', 'three'])
  for (let round = 0; round < 2; round++) {
    await t.rejects(settle(), { name: 'StoreUnconfirmed' })
    // The other master is asked too, although one has refused.
    await turn()
  }
  // The first round looks for a key of each master, and the others know it.
  t.same(masters.a.calls, ['one', 'WAIT', 'one', 'WAIT'])
  t.same(masters.b.calls, ['one', 'two', 'WAIT', 'two', 'WAIT'])
})

t.test('a master that has none of the keys gets one of its own', async t => {
  const shares: [number, number][] = Array.from({ length: 20 }, (_, i) => [i * 819, i === 19 ? 16383 : i * 819 + 818])
  const slots = shares.map(([first, last], i) => [first, last, ['127.0.0.1', 7000 + i, 'id', []]])
  const isIn = ([first, last]: [number, number], key: string) => slotOf(key) >= first && slotOf(key) <= last
  for (const [i, share] of shares.entries()) {
    const written: string[] = []
    let questions = 0
    const connection = new Connection()
    connection.call = async (command, ...args: string[]) => {
      const [script = '', , key = ''] = args
      if (command === 'WAIT') return written.length === 0 ? 1 : 0
      if (command === 'CLUSTER') return questions++ < 1 ? slots : []
      if (command !== 'EVAL') return ''
      if (key.startsWith('epoch') || !isIn(share, key)) throw new Error('MOVED 1 127.0.0.1:7001')
      if (script.includes("redis.call('SET'")) written.push(key)
      return 1
    }
    setImmediate(() => connection.emit('ready'))
    const replicas = new Replicas({
      name: 'redis+cluster://lab',
      ownPrefix: 'own:',
      masters: async () => [{ name: 'a', info: 'connected_slaves:1' }],
      connect: () => connection
    })
    for (let round = 0; round < 2; round++)
      await t.rejects(replicas.settle(['epoch 1', 'epoch 2']), { name: 'StoreUnconfirmed' }, `master ${i}`)
    t.equal(written.length, 2)
    t.equal(new Set(written).size, 1, 'the key is looked for once')
  }
})

t.test('a master that takes no key confirms nothing', async t => {
  const master = new Master([])
  const call = master.call
  master.call = async (command, ...args) =>
    command === 'CLUSTER' ? [[0, 16383, ['', 7000, 'id']]] : call(command, ...args)
  setImmediate(() => master.emit('ready'))
  const replicas = new Replicas({
    name: 'redis+cluster://lab',
    ownPrefix: 'own:',
    masters: async () => [{ name: 'a', info: 'connected_slaves:1' }],
    connect: () => master
  })
  await t.rejects(replicas.settle(['one']), { name: 'StoreUnconfirmed' })
  t.notOk(master.calls.includes('WAIT'))
})

t.test('slots are those of Redis', t => {
  for (const [key, slot] of [
    ['123456789', 12739],
    ['foo', 12182],
    ['{foo}bar', 12182],
    ['bar{foo}{zap}', 12182]
  ] as const)
    t.equal(slotOf(key), slot, key)
  for (const [key, same] of [
    ['foo{}{bar}', 'foo'],
    ['foo{{bar}}zap', '{bar']
  ] as const)
    t.equal(slotOf(key) === slotOf(same), key.includes('{{'), key)
  for (const slot of [0, 5461, 16383]) {
    const [key = ''] = keysWithin('factorgate:meta:replicas:', [[slot, slot]], 1)
    t.equal(slotOf(key), slot)
  }
  t.end()
})
