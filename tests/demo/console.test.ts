/** The instrument console: its commands as values, and its WebSocket byte by byte, with Node's own client and a malformed one. */
import { once } from 'node:events'
import net from 'node:net'
import t from 'tap'
import { WebSocket } from 'undici'
import { answer, type Instrument } from '../../src/demo/instrument.ts'
import { SampleLab } from '../../src/demo/sample-lab.ts'

t.test('commands', async t => {
  const instrument: Instrument = { flow: 0.3, valve: 'inject' }
  for (const [line, says] of [
    ['help', /whoami/],
    ['status', /^inject · 0\.3 mL\/min · \d+(\.\d)? bar · 4\d(\.\d+)? °C$/],
    ['flow 0.5', /^flow 0\.5 mL\/min, settling$/],
    ['flow 9', /^flow takes 0\.1 to 0\.6/],
    ['flow', /^flow takes/],
    ['valve load', /^valve at load$/],
    ['valve sideways', /^valve takes/],
    ['status', /^load · 0\.5 mL/],
    ['whoami', /^Ada$/],
    ['echo  two  spaces', /^ two {2}spaces$/],
    ['open the pod bay doors', /^no command open; try help$/],
    ['', /^$/]
  ] as const)
    t.match(answer(instrument, line, 'Ada', 0), says, line)
  t.equal(answer(instrument, 'whoami', null, 0), 'nobody has vouched for you')
})

t.test('a polite client', async t => {
  const lab = await SampleLab.start({ port: 0 })
  t.teardown(() => lab.close())
  const socket = new WebSocket(`${lab.url.replace('http', 'ws')}/instruments/orbit-2/console`, 'orbit-console')
  const said: string[] = []
  const next = () =>
    new Promise<string>(resolve => socket.addEventListener('message', event => resolve(event.data), { once: true }))
  said.push(await next())
  t.equal(socket.protocol, 'orbit-console')
  t.match(said[0], /Hello, stranger/)
  for (const text of ['échо', 'x'.repeat(125), 'x'.repeat(126), 'x'.repeat(60_000)]) {
    const reply = next()
    socket.send(`echo ${text}`)
    t.equal(await reply, text)
  }
  const closed = new Promise<number>(resolve => socket.addEventListener('close', event => resolve(event.code)))
  socket.close(1000)
  t.equal(await closed, 1000)
})

t.test('rude clients', async t => {
  const lab = await SampleLab.start({ port: 0 })
  t.teardown(() => lab.close())
  const port = Number(new URL(lab.url).port)

  async function dial(lines: readonly string[], path = '/instruments/orbit-2/console') {
    const socket = net.connect(port, '127.0.0.1')
    t.teardown(() => socket.destroy())
    await once(socket, 'connect')
    socket.write([`GET ${path} HTTP/1.1`, 'Host: lab', 'Connection: Upgrade', ...lines, '', ''].join('\r\n'))
    return socket
  }
  const handshake = ['Upgrade: websocket', 'Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==']
  const all = async (socket: net.Socket) => {
    const parts: Buffer[] = []
    for await (const part of socket) parts.push(part as Buffer)
    return Buffer.concat(parts)
  }

  for (const [what, lines, path, status] of [
    ['another protocol', ['Upgrade: h2c'], undefined, 400],
    ['no key', handshake.slice(0, 2), undefined, 400],
    ['an old version', ['Upgrade: websocket', 'Sec-WebSocket-Version: 8', handshake[2]!], undefined, 426],
    ['no console there', handshake, '/instruments/orbit-3/console', 404]
  ] as const)
    t.test(`${what} is answered ${status} and closed`, async t => {
      t.match((await all(await dial(lines, path))).toString(), new RegExp(`^HTTP/1\\.1 ${status} `))
    })

  for (const [what, frame, code] of [
    ['an unmasked frame', [0x81, 0x01, 0x61], 1002],
    ['a reserved bit', [0xc1, 0x80, 0, 0, 0, 0], 1002],
    ['a binary frame', [0x82, 0x80, 0, 0, 0, 0], 1002],
    ['a continuation of nothing', [0x80, 0x80, 0, 0, 0, 0], 1002],
    ['a ping in pieces', [0x09, 0x80, 0, 0, 0, 0], 1002],
    ['text that is not UTF-8', [0x81, 0x81, 0, 0, 0, 0, 0xff], 1007],
    ['a frame beyond 64 KiB', [0x81, 0xff, 0, 0, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0], 1009],
    ['a close code that may not be sent', [0x88, 0x82, 0, 0, 0, 0, 0x03, 0xed], 1002],
    ['a good bye', [0x88, 0x82, 0, 0, 0, 0, 0x03, 0xe8], 1000]
  ] as const)
    t.test(`${what} ends with ${code}`, async t => {
      const socket = await dial(handshake)
      socket.write(Buffer.from(frame))
      const bytes = await all(socket)
      const close = bytes.subarray(-4)
      t.same([...close], [0x88, 2, code >> 8, code & 255])
    })

  t.test('takes a message in pieces, with a ping between them, one byte at a time', async t => {
    const socket = await dial(handshake)
    const masked = (first: number, text: string) =>
      Buffer.concat([Buffer.from([first, 0x80 | text.length, 0, 0, 0, 0]), Buffer.from(text)])
    const bytes = Buffer.concat([masked(0x01, 'echo he'), masked(0x89, 'hi'), masked(0x80, 'llo'), masked(0x88, '')])
    for (const byte of bytes) socket.write(Buffer.from([byte]))
    const reply = await all(socket)
    t.ok(reply.includes(Buffer.from([0x8a, 2, 0x68, 0x69])), 'pong')
    t.ok(reply.includes(Buffer.concat([Buffer.from([0x81, 5]), Buffer.from('hello')])), 'echo')
  })
})
