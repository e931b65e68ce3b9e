/** Keeps a socket open after a failed write. Node would destroy it and lose received bytes. */
import type { Socket } from 'node:net'

type Inside = Record<'_readableState' | '_writableState', { autoDestroy: boolean }>

/** A failed write only emits `error`. A socket with `onread` reads on, and its owner must destroy it. */
export function keepAfterFailedWrite(socket: Socket): void {
  // net.Socket ignores the option `autoDestroy` of streams.
  const { _readableState, _writableState } = socket as unknown as Inside
  _readableState.autoDestroy = false
  _writableState.autoDestroy = false
}
