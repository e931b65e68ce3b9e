/** Heads that the parser refuses before they are whole: the answer knows their method and what they accept. */
import net from 'node:net'
import tls from 'node:tls'
import t, { type Test } from 'tap'
import { startGateway } from '../fixtures/in-process/gateway.ts'
import { makePair } from '../fixtures/pipeline/http2.ts'

const host = 'Host: gate.localhost\r\n'
const filler = (size: number) => `Cookie: a=${'x'.repeat(size)}\r\n`

/** The whole answer to these parts, each in a write of its own. */
function answerTo(t: Test, port: number, isTls: boolean, parts: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = ''
    const socket = isTls
      ? tls.connect({ host: '127.0.0.1', port, rejectUnauthorized: false, ALPNProtocols: ['http/1.1'] })
      : net.connect(port, '127.0.0.1')
    t.teardown(() => socket.destroy())
    socket.on('data', part => {
      said += part.toString('latin1')
    })
    socket.on('error', reject).on('close', () => resolve(said))
    for (const part of parts) socket.write(part)
  })
}

const beginnings: (readonly [what: string, parts: readonly string[], body: RegExp])[] = [
  ['HEAD', [`HEAD /x HTTP/1.1\r\n${host}Accept: */*\r\n`, filler(40_000)], /^$/],
  ['HEAD of a browser', [`HEAD /x HTTP/1.1\r\n${host}Accept: text/html\r\n`, filler(40_000)], /^$/],
  ['GET of a browser', [`GET /x HTTP/1.1\r\n${host}Accept: text/html\r\n`, filler(40_000)], /^<!doctype html>/],
  ['GET of a script', [`GET /x HTTP/1.1\r\n${host}Accept: application/json\r\n`, filler(40_000)], /^\{"error":/],
  ['GET without Accept', [`GET /HEAD HTTP/1.1\r\n${host}`, filler(40_000)], /^<!doctype html>/]
]

for (const isTls of [true, false])
  t.test(`a head above maxHeaderSize, ${isTls ? 'over TLS' : 'without TLS'}`, async t => {
    const gate = await startGateway(t, { ...(isTls ? { tls: makePair(t) } : {}), apps: '  []' })
    for (const [what, parts, expected] of beginnings) {
      const said = await answerTo(t, gate.port, isTls, parts)
      const [head = '', body] = said.split('\r\n\r\n')
      t.match(head, /^HTTP\/1\.1 431 /, what)
      t.match(head, /\r\nFactorgate-Error: headers_too_large\r\n/i, what)
      t.match(body ?? 'no end of the head', expected, what)
      t.equal(said.split('HTTP/1.1 ').length, 2, `${what}: one answer`)
    }
  })
