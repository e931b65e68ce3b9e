/** Interim responses of any status (RFC 9110 §15.2): Node's public functions write 100, 102 and 103 alone. */
import type { ServerResponse } from 'node:http'

type Inside = { _writeRaw?: (text: string, encoding: BufferEncoding) => void }

/** Writes a whole interim response, with its empty line, before the final one. It waits until the responses before this one are out. */
export function writeInterim(response: ServerResponse, text: string): void {
  // `_writeRaw` is what node:http writes its own with.
  const inside = response as unknown as Inside
  inside._writeRaw?.(text, 'latin1')
}
