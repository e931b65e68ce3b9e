/** A request that is an upgrade only as a WebSocket handshake. Node upgrades for every `Upgrade` header, so a client that offers h2c would get no response. */
import { IncomingMessage } from 'node:http'

const offered = Symbol('upgrade offered')

/** `Upgrade` must name a WebSocket and nothing else (THREATS F7). */
export class GateRequest extends IncomingMessage {
  declare [offered]: boolean | null

  /** Node's parser sets it, and reads it again when the headers are known. */
  get upgrade(): boolean | null {
    if (this[offered] !== true || this.method === 'CONNECT') return this[offered]
    return this.httpVersion === '1.1' && this.headers.upgrade?.trim().toLowerCase() === 'websocket'
  }

  set upgrade(value: boolean | null) {
    this[offered] = value
  }
}
