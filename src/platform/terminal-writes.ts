/** Writes to a terminal that wait for nobody. Node makes them block, so that Ctrl-S would stop the whole process. */
import type { WriteStream } from 'node:tty'

type Inside = { readonly _handle: { setBlocking(isBlocking: boolean): number } | null }

/** From now on what the terminal does not take waits in the stream. */
export function writeWithoutWaiting(stream: WriteStream): void {
  ;(stream as unknown as Inside)._handle?.setBlocking(false)
}
