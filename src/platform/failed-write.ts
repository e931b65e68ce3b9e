/** Sockets that outlive a failed write. Node destroys a socket then, and what has come on it and was not read yet is lost. */
import type { Socket } from 'node:net'

type Inside = Record<'_readableState' | '_writableState', { autoDestroy: boolean }>

/** From now on a failed write is an `error` event and no more. A socket with `onread` still reads what has come, and its owner destroys it. */
export function keepAfterFailedWrite(socket: Socket): void {
  // The option `autoDestroy` says the same for streams, but net.Socket does not take it.
  const { _readableState, _writableState } = socket as unknown as Inside
  _readableState.autoDestroy = false
  _writableState.autoDestroy = false
}
