/** Interim responses of any status (RFC 9110 §15.2). Node's public functions write only 100, 102 and 103. */
import type { ServerResponse } from 'node:http'

type Inside = { _writeRaw?: (text: string, encoding: BufferEncoding) => void }

/** Writes a complete interim response (with its empty line) before the final one, in the order of pipelining. */
export function writeInterim(response: ServerResponse, text: string): void {
  // node:http uses `_writeRaw` for its own interim responses.
  const inside = response as unknown as Inside
  inside._writeRaw?.(text, 'latin1')
}
