/**
 * Fails a request of ours whose server switches to another protocol (101). Without a listener Node ends the connection and tells nobody: no error,
 * no answer, and the deadline comes too late for a request that is gone.
 */
import type { ClientRequest } from 'node:http'

/** The message of that failure. */
export const switched = 'the server switches to another protocol, which nobody asked for'

export function refuseUpgrade(sent: ClientRequest): ClientRequest {
  return sent.on('upgrade', (_answer, socket) => {
    socket.destroy()
    sent.emit('error', new Error(switched))
  })
}
