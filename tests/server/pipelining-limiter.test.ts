/** The pipelining limiter: pending responses, order, and no memory held by idle connections. */
import { EventEmitter } from 'node:events'
import type { ServerResponse } from 'node:http'
import { PassThrough } from 'node:stream'
import t from 'tap'
import { PipeliningLimiter } from '../../src/server/pipelining-limiter.ts'

const answer = () => new EventEmitter() as ServerResponse

t.test('the last answer is owed until it is over', async t => {
  const turns = new PipeliningLimiter()
  const socket = new PassThrough()
  t.equal(turns.hasReceivedRequest(socket), false)
  const [one, two] = [answer(), answer()]
  turns.request(socket, one, () => {})
  turns.request(socket, two, () => {})
  t.equal(turns.pendingResponse(socket), two)
  one.emit('close')
  t.equal(turns.pendingResponse(socket), two)
  two.emit('close')
  t.equal(turns.pendingResponse(socket), null)
  t.equal(turns.hasReceivedRequest(socket), true)
})
