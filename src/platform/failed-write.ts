/** Keeps a socket open after a failed write. Node would destroy it and lose the received bytes that are still unread. */
import type { Socket } from 'node:net'

type Inside = Record<'_readableState' | '_writableState', { autoDestroy: boolean }>

/** From now on a failed write only emits `error`. A socket with `onread` reads on, and its owner must destroy it. */
export function keepAfterFailedWrite(socket: Socket): void {
  // Streams have an option `autoDestroy`, but net.Socket ignores it.
  const { _readableState, _writableState } = socket as unknown as Inside
  _readableState.autoDestroy = false
  _writableState.autoDestroy = false
}
