/** The connection for WAIT to a master that cannot be reached: whoever waits is told so, and nothing of them stays. */
import { EventEmitter } from 'node:events'
import t from 'tap'
import { Replicas } from '../../../src/store/redis/replicas.ts'
import type { TrackingConnection } from '../../../src/store/redis/tracking.ts'

class Connection extends EventEmitter implements TrackingConnection {
  connect = () => Promise.resolve()
  call = (command: string) => Promise.resolve(command === 'WAIT' ? 1 : '')
  subscribe = () => Promise.resolve()
  ping = () => Promise.resolve()
  disconnect = () => {}
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
