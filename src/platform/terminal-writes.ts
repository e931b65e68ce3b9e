/** Writes to a terminal without blocking, otherwise Ctrl-S would stop the whole process. */
import type { WriteStream } from 'node:tty'

type Inside = { readonly _handle: { setBlocking(isBlocking: boolean): number } | null }

export function writeWithoutWaiting(stream: WriteStream): void {
  ;(stream as unknown as Inside)._handle?.setBlocking(false)
}
