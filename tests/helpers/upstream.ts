/** Apps to stand behind the gate: a recorder that keeps every byte it got, and upstreams that answer by a script, byte for byte. */
import { mkdtempSync, rmSync } from 'node:fs'
import http, { type IncomingMessage, type ServerResponse } from 'node:http'
import net, { type AddressInfo, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'

/** One request as the recorder read it: nothing is decoded, folded or lower-cased. */
export interface Recorded {
  readonly line: string
  readonly headers: readonly (readonly [string, string])[]
  /** The body without its chunking. */
  readonly body: Buffer
  readonly raw: Buffer
}

export interface Upstream {
  readonly origin: string
  readonly port: number
  readonly socketPath: string | null
  /** Requests read whole, in order. */
  readonly requests: Recorded[]
  /** Every byte of every connection, in order of arrival. */
  bytes(): Buffer
  readonly connections: Socket[]
  /** Resolves with the n-th request (from 1), read whole. */
  request(n?: number): Promise<Recorded>
  /** Stops accepting and drops what is open. */
  stop(): void
}

/** What to do once a request has been read: send these bytes, or take the socket. */
export type Script = string | Buffer | ((socket: Socket, request: Recorded, index: number) => void)

/** The lines that ask for a WebSocket, but for `Host` and `Origin`. The key is that of RFC 6455 §1.2. */
export const webSocketLines: readonly string[] = [
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=='
]

export const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'

/** A raw TCP upstream. It answers each whole request by `script`; with `early`, as soon as the head is in. */
export async function startUpstream(
  t: Test,
  script: Script = ok,
  options: { early?: boolean; unix?: boolean } = {}
): Promise<Upstream> {
  const requests: Recorded[] = []
  const connections: Socket[] = []
  const chunks: Buffer[] = []
  const waiting: { n: number; resolve: (request: Recorded) => void }[] = []
  const server = net.createServer({ allowHalfOpen: true, noDelay: true }, socket => {
    connections.push(socket)
    socket.on('error', () => {})
    socket.on('end', () => socket.end())
    let buffered = Buffer.alloc(0)
    let answered = false
    const drain = () => {
      for (;;) {
        const head = readHead(buffered)
        if (head === null) return
        const body = readBody(buffered.subarray(head.length), head.headers)
        if (options.early && !answered) {
          answered = true
          answer(socket, { ...head, body: Buffer.alloc(0), raw: buffered.subarray(0, head.length) })
        }
        if (body === null) return
        const raw = buffered.subarray(0, head.length + body.length)
        buffered = buffered.subarray(raw.length)
        const request: Recorded = { line: head.line, headers: head.headers, body: body.content, raw: Buffer.from(raw) }
        requests.push(request)
        for (const one of waiting) if (one.n === requests.length) one.resolve(request)
        if (!answered) answer(socket, request)
        answered = false
      }
    }
    const answer = (to: Socket, request: Recorded) => {
      if (typeof script === 'function') script(to, request, requests.length)
      else to.write(script)
    }
    socket.on('data', chunk => {
      chunks.push(chunk)
      buffered = Buffer.concat([buffered, chunk])
      drain()
    })
  })
  const directory = options.unix ? mkdtempSync(join(tmpdir(), 'upstream-')) : null
  const socketPath = directory === null ? null : join(directory, 'app.sock')
  const port = await listen(t, server, connections, socketPath)
  if (directory !== null) t.teardown(() => rmSync(directory, { recursive: true }))
  return {
    origin: socketPath === null ? `http://127.0.0.1:${port}` : 'http://localhost',
    port,
    socketPath,
    requests,
    connections,
    bytes: () => Buffer.concat(chunks),
    request(n = requests.length + 1) {
      const known = requests[n - 1]
      return known ? Promise.resolve(known) : new Promise(resolve => waiting.push({ n, resolve }))
    },
    stop() {
      server.close()
      for (const socket of connections) socket.destroy()
    }
  }
}

/** A Node server as an app, for what needs no exact bytes. */
export async function startApp(
  t: Test,
  handler: (request: IncomingMessage, response: ServerResponse) => void
): Promise<{ origin: string; server: http.Server }> {
  const server = http.createServer(handler)
  const connections: Socket[] = []
  server.on('connection', socket => connections.push(socket))
  const port = await listen(t, server, connections, null)
  return { origin: `http://127.0.0.1:${port}`, server }
}

/** Values of a header, whatever its case. */
export function valuesOf(request: Pick<Recorded, 'headers'>, name: string): string[] {
  return request.headers.filter(([key]) => key.toLowerCase() === name.toLowerCase()).map(([, value]) => value)
}

function listen(t: Test, server: Server, connections: Socket[], path: string | null): Promise<number> {
  t.teardown(
    () =>
      new Promise<void>(resolve => {
        for (const socket of connections) socket.destroy()
        if (!server.listening) resolve()
        else server.close(() => resolve())
      })
  )
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    const ready = () => resolve(path === null ? (server.address() as AddressInfo).port : 0)
    if (path === null) server.listen(0, '127.0.0.1', ready)
    else server.listen(path, ready)
  })
}

function readHead(bytes: Buffer): { line: string; headers: [string, string][]; length: number } | null {
  const end = bytes.indexOf('\r\n\r\n')
  if (end < 0) return null
  const [line = '', ...lines] = bytes.subarray(0, end).toString('latin1').split('\r\n')
  const headers = lines.map((one): [string, string] => {
    const colon = one.indexOf(':')
    return [one.slice(0, colon), one.slice(colon + 1).replace(/^ /, '')]
  })
  return { line, headers, length: end + 4 }
}

/** Null while it is not there yet. */
function readBody(
  bytes: Buffer,
  headers: readonly (readonly [string, string])[]
): { content: Buffer; length: number } | null {
  if (valuesOf({ headers }, 'transfer-encoding').length > 0) return readChunks(bytes)
  const length = Number(valuesOf({ headers }, 'content-length')[0] ?? 0)
  return bytes.length < length ? null : { content: Buffer.from(bytes.subarray(0, length)), length }
}

function readChunks(bytes: Buffer): { content: Buffer; length: number } | null {
  const parts: Buffer[] = []
  let at = 0
  for (;;) {
    const lineEnd = bytes.indexOf('\r\n', at)
    if (lineEnd < 0) return null
    const size = Number.parseInt(bytes.subarray(at, lineEnd).toString('latin1'), 16)
    at = lineEnd + 2
    if (size === 0) {
      const end = bytes.indexOf('\r\n', at)
      return end < 0 ? null : { content: Buffer.concat(parts), length: end + 2 }
    }
    if (bytes.length < at + size + 2) return null
    parts.push(bytes.subarray(at, at + size))
    at += size + 2
  }
}
