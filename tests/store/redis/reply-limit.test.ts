/** A server whose answer does not end is left (src/store/redis/reply-limit.ts). */
import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { Redis } from 'ioredis'
import t, { type Test } from 'tap'
import { limitReplies } from '../../../src/store/redis/reply-limit.ts'

const mebibyte = 1024 * 1024

async function connected(t: Test, onCommand: (socket: Socket, count: number) => void) {
  const server = createServer(socket => {
    let count = 0
    socket.on('error', () => {})
    socket.on('data', bytes => {
      for (const _ of bytes.toString().matchAll(/^get\r$/gim)) onCommand(socket, ++count)
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const options = {
    protocol: 2 as const,
    lazyConnect: true,
    enableReadyCheck: false,
    disableClientInfo: true,
    retryStrategy: () => null
  }
  const driver = new Redis({ port, host: '127.0.0.1', maxRetriesPerRequest: 0, ...options })
  driver.on('error', () => {})
  limitReplies(driver, mebibyte)
  t.teardown(() => {
    driver.disconnect()
    server.close()
  })
  await driver.connect()
  return driver
}

const endless: [name: string, begin: string][] = [
  ['a text', '$999999999\r\n'],
  ['a list', '*999999999\r\n$1\r\nx\r\n'],
  ['a line', '+']
]
for (const [name, begin] of endless)
  t.test(`${name} that does not end`, async t => {
    let sent = 0
    let isLeft = false
    const driver = await connected(t, socket => {
      const part = Buffer.alloc(64 * 1024, 'x')
      socket.once('close', () => {
        isLeft = true
      })
      const send = () => {
        // Without the limit it would be taken.
        if (isLeft || sent > 64 * mebibyte) return socket.destroy()
        sent += part.length
        socket.write(part, send)
      }
      socket.write(begin, send)
    })
    await t.rejects(driver.get('a'))
    t.ok(sent < 32 * mebibyte, `${sent} bytes were taken`)
  })

t.test('many answers at once, which are more together, are no such answer', async t => {
  const value = 'x'.repeat(300 * 1024)
  const driver = await connected(t, socket => socket.write(`$${value.length}\r\n${value}\r\n`))
  const answers = await Promise.all(Array.from({ length: 30 }, () => driver.get('a')))
  t.ok(answers.every(answer => answer === value))
})
