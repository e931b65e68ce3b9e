/** The connection for WAIT to a master that cannot be reached: whoever waits is told so, and nothing of them stays. */
import { EventEmitter } from 'node:events'
import type { Redis } from 'ioredis'
import t from 'tap'
import { IoredisClient } from '../../../src/store/redis/redis.ts'
import { Replicas } from '../../../src/store/redis/replicas.ts'
import type { TrackingConnection } from '../../../src/store/redis/tracking.ts'
import { parseRedisUrl } from '../../../src/store/redis/url.ts'

class Connection extends EventEmitter implements TrackingConnection {
  connect = () => Promise.resolve()
  call = (command: string) => Promise.resolve(command === 'WAIT' ? 1 : '')
  subscribe = () => Promise.resolve()
  ping = () => Promise.resolve()
  disconnect: () => unknown = () => {}
}

t.test('settling while the connection is away', async t => {
  const connection = new Connection()
  const replicas = new Replicas({
    name: 'redis://lab',
    masters: async () => [{ name: 'lab', info: 'connected_slaves:1' }],
    connect: () => connection
  })
  const first = await Promise.allSettled(Array.from({ length: 30 }, () => replicas.settle()))
  t.ok(first.every(({ status }) => status === 'rejected'))
  t.equal(connection.listenerCount('ready'), 1)
  const second = replicas.settle()
  // The question about the masters comes first.
  await new Promise(resolve => setImmediate(resolve))
  connection.emit('ready')
  await second
  await replicas.settle()
  t.equal(connection.listenerCount('ready'), 1)
})

t.test('a replaced master keeps no connection', async t => {
  let masters = ['a 1', 'b 1']
  const left: string[] = []
  const connected: string[] = []
  const replicas = new Replicas({
    name: 'redis://lab',
    masters: async () => masters.map(name => ({ name, info: 'connected_slaves:1' })),
    connect: name => {
      connected.push(name)
      const connection = new Connection()
      connection.connect = async () => void connection.emit('ready')
      connection.disconnect = () => left.push(name)
      return connection
    }
  })
  await replicas.settle()
  for (const next of ['c 1', 'd 1', 'a 1']) {
    masters = [next, 'b 1']
    await replicas.settle()
  }
  t.same(connected, ['a 1', 'b 1', 'c 1', 'd 1', 'a 1'])
  t.same(left, ['a 1', 'c 1', 'd 1'])
  masters = []
  await replicas.settle()
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
