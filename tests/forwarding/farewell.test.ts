/**
 * Apps that close their connection after the response, as HTTP/1.0 servers do, while the client is still reading. No byte
 * may be lost, and no uncaught error may be thrown (nodejs/undici#5360).
 */
import type { Socket } from 'node:net'
import t, { type Test } from 'tap'
import { startUpstream } from '../fixtures/in-process/upstream.ts'
import { alice, at, type Ended, get, makeApp, parse, startGate } from '../fixtures/pipeline/forwarding.ts'

const crlf = '\r\n\r\n'
const closing = `Connection: close${crlf}`
const chunk = (body: Buffer) =>
  Buffer.concat([Buffer.from(`${body.length.toString(16)}\r\n`), body, Buffer.from('\r\n')])

/** The answer of an app that sends everything at once and closes, while writes to the client are delayed. */
async function fetchLate(t: Test, ...reply: (string | Buffer)[]): Promise<{ answer: string; end: Ended }> {
  const app = await startUpstream(t, socket => {
    socket.cork()
    for (const part of reply) socket.write(part)
    socket.end()
    socket.uncork()
  })
  let outside: Socket | undefined
  const who = ({ socket }: { socket: Socket }) => {
    outside = socket
    socket.cork()
    return alice
  }
  const gate = await startGate(t, [makeApp({ upstreams: [at(app)] })], { who })
  const nextEnd = gate.nextEnd()
  const answer = gate.ask(get())
  await app.request(1)
  // On loopback this is enough time for the response and the end of its connection to arrive.
  for (let turns = 0; turns < 50; turns++) await new Promise(setImmediate)
  outside?.uncork()
  return { answer: await answer, end: await nextEnd }
}

function bodyOf(answer: string): string {
  const { lines, body } = parse(answer)
  if (!lines.some(line => /^transfer-encoding: chunked$/i.test(line))) return body
  let text = ''
  for (let at = 0; ; ) {
    const end = body.indexOf('\r\n', at)
    const length = Number.parseInt(body.slice(at, end), 16)
    if (!(length > 0)) return text
    text += body.slice(end + 2, end + 2 + length)
    at = end + 4 + length
  }
}

for (const size of [20_000, 60_000, 1_000_000]) {
  const body = Buffer.alloc(size, 'factorgate ')

  t.test(`a reply of ${size} bytes arrives whole after the app has hung up`, async t => {
    const replies: [string, ...(string | Buffer)[]][] = [
      ['no length', `HTTP/1.0 200 OK${crlf}`, body],
      ['a length, HTTP/1.0', `HTTP/1.0 200 OK\r\nContent-Length: ${size}${crlf}`, body],
      ['a length, closing', `HTTP/1.1 200 OK\r\nContent-Length: ${size}\r\n${closing}`, body],
      ['a length, and hangs up all the same', `HTTP/1.1 200 OK\r\nContent-Length: ${size}${crlf}`, body],
      ['chunks', `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n${closing}`, chunk(body), `0${crlf}`]
    ]
    for (const [name, ...reply] of replies) {
      const { answer, end } = await fetchLate(t, ...reply)
      t.match(end.summary, { status: 200, bytesOut: size, outcome: 'complete' }, name)
      t.ok(bodyOf(answer) === body.toString(), `${name}: every byte in its place`)
    }
  })

  t.test(`a half reply of ${size} bytes does not look whole after the app has hung up`, async t => {
    const length = `Content-Length: ${size + 1}`
    const replies: [string, ...(string | Buffer)[]][] = [
      ['a length, HTTP/1.0', `HTTP/1.0 200 OK\r\n${length}${crlf}`, body],
      ['a length, closing', `HTTP/1.1 200 OK\r\n${length}\r\n${closing}`, body],
      ['chunks', `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n${closing}`, chunk(body)]
    ]
    for (const [name, ...reply] of replies) {
      const { answer, end } = await fetchLate(t, ...reply)
      t.match(end.summary, { outcome: 'cut', cut: 'app broke off' }, name)
      t.notMatch(answer, /0\r\n\r\n$/, `${name}: no last chunk`)
      t.ok(!answer.includes(length) || bodyOf(answer).length <= size, `${name}: less than was promised`)
    }
  })
}
