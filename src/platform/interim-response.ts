/** Interim responses of any status (RFC 9110 §15.2). Node's public functions write only 100, 102 and 103. */
import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http'
import { streamOf } from './http2-stream.ts'

type Inside = { _writeRaw?: (text: string, encoding: BufferEncoding) => void }

export function takesInterim(request: IncomingMessage): boolean {
  const { httpVersionMajor: major, httpVersionMinor: minor } = request
  return (major === 1 && minor > 0) || streamOf(request) !== null
}

/** `headers`: alternating names and values. */
export function writeInterim(response: ServerResponse, status: number, headers: readonly string[]): void {
  const stream = streamOf(response)
  if (stream !== null) {
    if (!stream.destroyed && !stream.closed && !stream.headersSent)
      stream.additionalHeaders({ ':status': status, ...grouped(headers) })
    return
  }
  let text = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Interim'}\r\n`
  for (let i = 0; i < headers.length; i += 2) text += `${headers[i]}: ${headers[i + 1]}\r\n`
  // node:http uses `_writeRaw` for its own interim responses.
  const inside = response as unknown as Inside
  inside._writeRaw?.(`${text}\r\n`, 'latin1')
}

function grouped(headers: readonly string[]): Record<string, string[]> {
  const groups: Record<string, string[]> = Object.create(null)
  for (let i = 0; i < headers.length; i += 2) {
    const name = (headers[i] as string).toLowerCase()
    groups[name] = [...(groups[name] ?? []), headers[i + 1] as string]
  }
  return groups
}
