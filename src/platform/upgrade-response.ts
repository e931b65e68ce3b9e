/** A response object for an upgrade, for which Node only provides a socket. */
import { type IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'

/** The connection ends with the response. */
export function responseToUpgrade(request: IncomingMessage, socket: Duplex): ServerResponse {
  const response = new ServerResponse(request)
  response.shouldKeepAlive = false
  response.assignSocket(socket as Socket)
  return response
}

export function releaseSocket(response: ServerResponse, socket: Duplex): void {
  response.detachSocket(socket as Socket)
}
