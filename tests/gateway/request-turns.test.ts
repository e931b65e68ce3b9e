/** What a client's connection is owed, and that it holds nothing once it has it: kept ones wait for minutes, by the thousand. */
import { EventEmitter } from 'node:events'
import type { ServerResponse } from 'node:http'
import { PassThrough } from 'node:stream'
import t from 'tap'
import { RequestTurns } from '../../src/request-turns.ts'

const answer = () => new EventEmitter() as ServerResponse

t.test('the last answer is owed until it is over', async t => {
  const turns = new RequestTurns()
  const socket = new PassThrough()
  t.equal(turns.hasSpoken(socket), false)
  const [one, two] = [answer(), answer()]
  turns.request(socket, one, () => {})
  turns.request(socket, two, () => {})
  t.equal(turns.owed(socket), two)
  one.emit('close')
  t.equal(turns.owed(socket), two)
  two.emit('close')
  t.equal(turns.owed(socket), null)
  t.equal(turns.hasSpoken(socket), true)
})
