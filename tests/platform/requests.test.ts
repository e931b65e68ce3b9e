import t from 'tap'
import { GateRequest } from '../../src/platform/gate-request.ts'
import { serve } from './raw-server.ts'

const cases: readonly (readonly [sentence: string, lines: string, version: string, event: string])[] = [
  ['a WebSocket handshake is an upgrade', 'Upgrade: websocket', '1.1', 'upgrade'],
  ['in any case, with blanks around it', 'Upgrade: \t WebSocket ', '1.1', 'upgrade'],
  ['h2c is an ordinary request', 'Upgrade: h2c', '1.1', 'request'],
  ['so is one that offers two protocols', 'Upgrade: websocket, h2c', '1.1', 'request'],
  ['and one of HTTP/1.0', 'Upgrade: websocket', '1.0', 'request'],
  ['and one without an offer', 'X: websocket', '1.1', 'request']
]

for (const [sentence, lines, version, event] of cases)
  t.test(`F7: ${sentence}`, async t => {
    const { server, connect } = await serve(t, (_request, response) => response.end('request'), {
      IncomingMessage: GateRequest as never
    })
    server.on('upgrade', (_request, socket) => socket.end('upgrade'))
    const client = await connect()
    client.send(`GET / HTTP/${version}\r\nHost: h\r\nConnection: Upgrade\r\n${lines}\r\n\r\n`)
    t.match(await client.until(event), event)
  })
