/**
 * The sample lab that `npm start` protects: pages, a live trace (SSE), a console (WebSocket), downloads and uploads. It has no sign-in and
 * trusts the identity headers, so it listens on loopback alone.
 */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import http, { type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { answer, type Instrument, type Reading, read } from './instrument.ts'
import { adminPage, depositPage, instrumentPage, lostPage, samplePage, samplesPage, youPage } from './pages.ts'
import { chromatogram, find, rawFile, rawFileBytes, sample, samples } from './samples.ts'
import { visitorOf } from './visitor.ts'
import { acceptWebSocket } from './websocket.ts'

const assets = new Map<string, { type: string; body: Buffer }>(
  (
    [
      ['lab.css', 'text/css; charset=utf-8'],
      ['lab.js', 'text/javascript; charset=utf-8'],
      ['icon.svg', 'image/svg+xml']
    ] as const
  ).map(([name, type]) => [name, { type, body: readFileSync(new URL(`./assets/${name}`, import.meta.url)) }] as const)
)

const security = {
  'content-security-policy':
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'same-origin'
}

const traceEveryMs = 200
/** The points of a minute. */
const traceKept = 300

export class SampleLab {
  readonly #now: () => number
  readonly #instrument: Instrument = { flow: 0.3, valve: 'inject' }
  readonly #calibrations: { at: string; who: string; what: string }[] = []
  readonly #consoles = new Set<Duplex>()
  readonly #server = http.createServer((request, response) => this.#answer(request, response))

  private constructor(now: () => number) {
    this.#now = now
    this.#server.on('upgrade', (request, socket, head) => this.#openConsole(request, socket, head))
  }

  /** Port 0 takes a free one. */
  static async start(options: { port: number; host?: string; now?: () => number }): Promise<SampleLab> {
    const lab = new SampleLab(options.now ?? Date.now)
    await new Promise<void>((resolve, reject) => {
      lab.#server.once('error', reject)
      lab.#server.listen(options.port, options.host ?? '127.0.0.1', resolve)
    })
    return lab
  }

  /** Without a slash at the end. */
  get url(): string {
    const { address, port } = this.#server.address() as AddressInfo
    return `http://${address.includes(':') ? `[${address}]` : address}:${port}`
  }

  /** Ends open traces, consoles and transfers too. */
  close(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.close(error => (error === undefined ? resolve() : reject(error)))
      this.#server.closeAllConnections()
      for (const socket of this.#consoles) socket.destroy()
    })
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const { path, query } = split(request.url)
    if (request.method === 'GET' || request.method === 'HEAD') return this.#show(request, response, path, query)
    if (request.method === 'PUT' && /^\/deposit\/[^/]+$/.test(path)) return receive(request, response)
    if (request.method === 'POST' && path === '/admin/calibrate') return this.#calibrate(request, response)
    request.resume()
    response.writeHead(405, { allow: 'GET, HEAD' }).end()
  }

  #show(request: IncomingMessage, response: ServerResponse, path: string, query: URLSearchParams): void {
    const visitor = visitorOf(request)
    const [, first = '', second = '', third = ''] = path.split('/')
    const asset = first === 'static' ? assets.get(second) : undefined
    if (asset !== undefined) return sendAsset(response, asset)
    const known = first === 'samples' ? sample(second) : undefined
    if (known?.status === 'measured' && third === 'chromatogram.csv')
      return sendCsv(response, known.id, chromatogram(known))
    if (known?.status === 'measured' && third === 'run.raw') return sendRaw(request, response, `${known.id}.raw`)
    if (known !== undefined && third === '') return sendPage(response, samplePage(visitor, known, rawFileBytes))
    const asked = query.get('q') ?? ''
    if (path === '/') return sendPage(response, samplesPage(visitor, find(asked), asked, samples.length))
    if (path === '/instruments/orbit-2/') return sendPage(response, instrumentPage(visitor))
    if (path === '/instruments/orbit-2/trace') return this.#trace(request, response)
    if (path === '/deposit') return sendPage(response, depositPage(visitor))
    if (path === '/admin/') return sendPage(response, adminPage(visitor, this.#calibrations))
    if (path === '/you') return sendPage(response, youPage(visitor, request.rawHeaders))
    sendPage(response, lostPage(visitor, path.split('/').length - 2), 404)
  }

  #trace(request: IncomingMessage, response: ServerResponse): void {
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
    const tell = (readings: readonly Reading[]) => response.write(`data: ${JSON.stringify(readings)}\n\n`)
    const readAt = (time: number) => read(this.#instrument, time)
    response.write('retry: 1000\n\n')
    const start = this.#now()
    tell(Array.from({ length: traceKept }, (_, i) => readAt(start - (traceKept - 1 - i) * traceEveryMs)))
    const timer = setInterval(() => tell([readAt(this.#now())]), traceEveryMs)
    request.on('close', () => clearInterval(timer))
    response.on('close', () => clearInterval(timer))
  }

  #calibrate(request: IncomingMessage, response: ServerResponse): void {
    request.resume()
    // Other sites may not submit our forms. Browsers without this header are too old to matter.
    const site = request.headers['sec-fetch-site']
    if (site !== undefined && site !== 'same-origin') return sendPage(response, lostPage(visitorOf(request), 1), 403)
    const who = visitorOf(request)?.name ?? 'somebody'
    const at = new Date(this.#now()).toISOString().slice(0, 19).replace('T', ' ')
    this.#calibrations.unshift({ at, who, what: 'Calibrated' })
    this.#calibrations.length = Math.min(this.#calibrations.length, 20)
    response.writeHead(303, { location: './' }).end()
  }

  #openConsole(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    this.#consoles.add(socket)
    socket.on('close', () => this.#consoles.delete(socket))
    if (split(request.url).path !== '/instruments/orbit-2/console') {
      socket.end('HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n')
      return
    }
    const who = visitorOf(request)?.name ?? null
    const peer = acceptWebSocket(request, socket, head, {
      protocol: 'orbit-console',
      onText: (line, to) => to.send(answer(this.#instrument, line, who, this.#now())),
      onEnd: () => {}
    })
    peer?.send(`Orbit-2 console. ${who === null ? 'Hello, stranger.' : `Hello, ${who}.`} Try help.`)
  }
}

function split(target = '/'): { path: string; query: URLSearchParams } {
  const mark = target.indexOf('?')
  return mark < 0
    ? { path: target, query: new URLSearchParams() }
    : { path: target.slice(0, mark), query: new URLSearchParams(target.slice(mark)) }
}

function sendPage(response: ServerResponse, body: string, status = 200): void {
  response.writeHead(status, { ...security, 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' })
  response.end(body)
}

function sendAsset(response: ServerResponse, { type, body }: { type: string; body: Buffer }): void {
  response.writeHead(200, { 'content-type': type, 'cache-control': 'max-age=300', 'content-length': body.length })
  response.end(body)
}

function sendCsv(response: ServerResponse, id: string, text: string): void {
  response.writeHead(200, {
    'content-type': 'text/csv; charset=utf-8',
    'content-length': Buffer.byteLength(text),
    'content-disposition': `attachment; filename="${id}.csv"`
  })
  response.end(text)
}

/** One range at most (RFC 9110 §14.2 lets a server ignore the rest), made as fast as the reader takes it. */
function sendRaw(request: IncomingMessage, response: ServerResponse, name: string): void {
  const asked = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '')
  const from = asked === null ? 0 : Number(asked[1])
  const to = asked === null || asked[2] === '' ? rawFileBytes - 1 : Math.min(Number(asked[2]), rawFileBytes - 1)
  const kind = { 'content-type': 'application/octet-stream', 'accept-ranges': 'bytes' }
  if (asked !== null && from > to) {
    response.writeHead(416, { ...kind, 'content-range': `bytes */${rawFileBytes}`, 'content-length': 0 }).end()
    return
  }
  response.writeHead(asked === null ? 200 : 206, {
    ...kind,
    'content-length': to - from + 1,
    'content-disposition': `attachment; filename="${name}"`,
    ...(asked === null ? {} : { 'content-range': `bytes ${from}-${to}/${rawFileBytes}` })
  })
  let offset = from
  const more = () => {
    while (offset <= to && !response.destroyed) {
      const piece = rawFile(offset, Math.min(64 * 1024, to - offset + 1))
      offset += piece.length
      if (!response.write(piece)) return void response.once('drain', more)
    }
    response.end()
  }
  if (request.method === 'HEAD') response.end()
  else more()
}

function receive(request: IncomingMessage, response: ServerResponse): void {
  const hash = createHash('sha256')
  let bytes = 0
  request.on('data', (piece: Buffer) => {
    bytes += piece.length
    hash.update(piece)
  })
  request.on('end', () => {
    response.writeHead(201, { 'content-type': 'application/json' })
    response.end(JSON.stringify({ bytes, sha256: hash.digest('hex') }))
  })
}
