/**
 * Which requests leave HTTP: WebSocket handshakes and nothing else. Node would take every `Upgrade:` line at its word and stop reading
 * requests, so a client that merely offers h2c would get no page. Give this class to `http.createServer({ IncomingMessage })`.
 */
import { IncomingMessage } from 'node:http'

const offered = Symbol('upgrade offered')

/** A request that is an upgrade only where it asks for a WebSocket, and for that alone (THREATS F7). */
export class GateRequest extends IncomingMessage {
  declare [offered]: boolean | null

  /** Node's parser sets it, and asks again once the headers are known. */
  get upgrade(): boolean | null {
    if (this[offered] !== true || this.method === 'CONNECT') return this[offered]
    return this.httpVersion === '1.1' && this.headers.upgrade?.trim().toLowerCase() === 'websocket'
  }

  set upgrade(value: boolean | null) {
    this[offered] = value
  }
}
