/** Request bodies on their way to the app: batches, back-pressure, and whom the deadline waits for. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { Duplex, Readable } from 'node:stream'
import t from 'tap'
import { RequestBody } from '../../src/forwarding/request-body.ts'

const kB = 1024
/** Until all that was begun has run, what it began included. */
async function turn(): Promise<void> {
  for (let i = 0; i < 3; i++) await new Promise(setImmediate)
}

/** A body of the client, an app that takes each write when `take` is called (at once with `isFast`), and what was observed. */
function rig({ hasLength = true, isFast = true } = {}) {
  const client = Object.assign(new Readable({ read() {} }), { headers: {}, httpVersionMinor: 1, complete: true })
  const writes: Buffer[] = []
  const waits: string[] = []
  let done: (() => void) | null = null
  const accept = (parts: Buffer[], next: () => void) => {
    writes.push(Buffer.concat(parts))
    if (isFast) next()
    else done = next
  }
  const app = new Duplex({
    read() {},
    writableHighWaterMark: 16 * kB,
    write: (chunk, _encoding, next) => accept([chunk], next),
    writev: (chunks, next) =>
      accept(
        chunks.map(({ chunk }) => chunk),
        next
      )
  })
  const body = new RequestBody(client as unknown as IncomingMessage, {} as ServerResponse, hasLength, null)
  body.flowTo(app as Socket, 'PUT / HTTP/1.1\r\n', { waitingFor: whom => void waits.push(whom) })
  const take = () => {
    const next = done
    done = null
    next?.()
  }
  return { client, app, writes, waits, take, all: () => Buffer.concat(writes).toString('latin1') }
}

t.test('pieces of one turn leave in one write, at the end of the turn', async t => {
  const { client, writes, all } = rig()
  await turn()
  for (const text of ['one ', 'two ', 'three']) client.push(text)
  await turn()
  client.push(null)
  await turn()
  t.equal(writes.length, 2, 'the head, and the pieces')
  t.equal(all(), 'PUT / HTTP/1.1\r\n\r\none two three')
})

t.test('in chunks, with head and last chunk, every byte in its order', async t => {
  const { client, writes, all } = rig({ hasLength: false })
  client.push('one')
  client.push('and two')
  client.push(null)
  await turn()
  t.equal(writes.length, 1, 'a small body is one write')
  t.equal(all(), 'PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n7\r\nand two\r\n0\r\n\r\n')
  const empty = rig({ hasLength: false })
  empty.client.push(null)
  await turn()
  t.equal(empty.all(), 'PUT / HTTP/1.1\r\nContent-Length: 0\r\n\r\n', 'an empty one has a length')
})

t.test('a batch is no longer than 256 kB and the piece that fills it', async t => {
  const { client, writes } = rig()
  await turn()
  for (let i = 0; i < 64; i++) client.push(Buffer.alloc(16 * kB))
  await turn()
  t.equal(Math.max(...writes.map(({ length }) => length)), 256 * kB)
})

t.test('an app that takes nothing stops the client, and the deadline is the app’s until it has taken all', async t => {
  const { client, app, waits, take } = rig({ isFast: false })
  take()
  await turn()
  for (let i = 0; i < 64; i++) client.push(Buffer.alloc(16 * kB))
  client.push(null)
  await turn()
  t.ok(client.isPaused())
  t.ok(app.writableLength <= 256 * kB, `${app.writableLength} bytes wait for the app`)
  t.equal(waits.at(-1), 'app')
  for (let i = 0; i < 10 && !client.readableEnded; i++) {
    take()
    await turn()
  }
  t.ok(client.readableEnded)
  take()
  await turn()
  t.equal(app.writableLength, 0)
  t.equal(waits.at(-1), 'app', 'which now has to answer')
})
