/**
 * Fails a request of ours whose server switches protocols (101). Without a listener Node ends the connection with no error and no answer, and the deadline
 * comes too late for a request that is gone.
 */
import type { ClientRequest } from 'node:http'

export const switched = 'the server switches to another protocol, which nobody asked for'

export function refuseUpgrade(sent: ClientRequest): ClientRequest {
  return sent.on('upgrade', (_answer, socket) => {
    socket.destroy()
    sent.emit('error', new Error(switched))
  })
}
