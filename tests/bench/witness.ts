/**
 * The open connections of a browser at a gate, and the time in milliseconds at which each ends: a WebSocket, an event stream, a slow
 * download, and repeated small requests.
 */
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import http from 'node:http'
import type { Duplex } from 'node:stream'

export const kinds = ['request', 'WebSocket', 'event stream', 'download'] as const
export type Kind = (typeof kinds)[number]

interface Witness {
  /** When each was cut; for requests, when the first one was sent that was refused. Empty until then. */
  readonly ended: Map<Kind, number>
  /** Resolves once all have ended, or at `patienceMs`. */
  all(patienceMs: number): Promise<void>
  close(): void
}

const closeFrame = 0x88

/** `pauseMs`: between one small request and the next. */
export async function witness(at: { port: number; host: string; cookie: string; pauseMs?: number }): Promise<Witness> {
  const ended = new Map<Kind, number>()
  const opened: { destroy(): unknown }[] = []
  let isOver = false
  let seen = () => {}
  const note = (kind: Kind, when: number) => {
    if (!ended.has(kind)) ended.set(kind, when)
    if (ended.size === kinds.length) seen()
  }
  const ask = (path: string, headers: http.OutgoingHttpHeaders, agent: http.Agent | false) => {
    const all = { host: at.host, cookie: at.cookie, ...headers }
    const request = http.get({ host: '127.0.0.1', port: at.port, path, agent, headers: all })
    request.on('error', () => {})
    return request
  }

  for (const [kind, path] of [
    ['event stream', '/events'],
    ['download', '/drip']
  ] as const) {
    const [response] = (await once(ask(path, {}, false), 'response')) as [http.IncomingMessage]
    if (response.statusCode !== 200) throw new Error(`${path} was answered ${response.statusCode}`)
    opened.push(response)
    response.on('error', () => {})
    response.on('close', () => note(kind, Date.now())).resume()
  }

  const socket = await new Promise<Duplex>((resolve, reject) => {
    const key = randomBytes(16).toString('base64')
    const handshake = { connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-version': '13' }
    // Browsers say where the page comes from, and the gate refuses sockets that do not.
    ask('/socket', { ...handshake, 'sec-websocket-key': key, origin: `http://${at.host}` }, false)
      .on('upgrade', (_, socket) => resolve(socket))
      .on('response', ({ statusCode }) => reject(new Error(`a WebSocket was answered ${statusCode}`)))
  })
  opened.push(socket)
  socket.on('error', () => {})
  socket.on('data', (bytes: Buffer) => bytes[0] === closeFrame && note('WebSocket', Date.now()))
  socket.on('close', () => note('WebSocket', Date.now()))

  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 })
  opened.push(agent)
  const probe = () => {
    if (isOver) return
    const sentAt = Date.now()
    const request = ask('/data', {}, agent)
    request.on('close', () => setTimeout(probe, at.pauseMs ?? 2))
    request.on('response', response => {
      response.resume()
      if (response.statusCode === 200) return
      note('request', sentAt)
      isOver = true
    })
  }
  probe()

  return {
    ended,
    all(patienceMs) {
      if (ended.size === kinds.length) return Promise.resolve()
      return new Promise(resolve => {
        const timer = setTimeout(resolve, patienceMs)
        seen = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    },
    close() {
      isOver = true
      for (const each of opened) each.destroy()
    }
  }
}
