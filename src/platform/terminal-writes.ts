/** Node makes writes to a terminal block, so that Ctrl-S would stop the whole process. */
import type { WriteStream } from 'node:tty'

type Inside = { readonly _handle: { setBlocking(isBlocking: boolean): number } | null }

/** What the terminal does not take waits in the stream. */
export function writeWithoutWaiting(stream: WriteStream): void {
  ;(stream as unknown as Inside)._handle?.setBlocking(false)
}
