/** A response to an upgrade. Node hands over the bare socket and makes none, so a refusal would have to be written by hand. */
import { type IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'

/** A response that writes to the socket of an upgrade. It is the last one there. */
export function responseToUpgrade(request: IncomingMessage, socket: Duplex): ServerResponse {
  const response = new ServerResponse(request)
  response.shouldKeepAlive = false
  response.assignSocket(socket as Socket)
  return response
}

/** The upgrade was accepted: the response lets its socket go, and writes nothing. */
export function releaseSocket(response: ServerResponse, socket: Duplex): void {
  response.detachSocket(socket as Socket)
}
