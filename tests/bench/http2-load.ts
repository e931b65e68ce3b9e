/** Load over HTTP/2: h2load of nghttp2 if installed, otherwise a generator in Node.js, which is slower than the gate and so keeps it waiting. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Ender } from '../fixtures/process/gate.ts'
import { program, workScript } from './processes.ts'

interface Http2Load {
  readonly origin: string
  readonly authority: string
  readonly cookie: string
  readonly path: string
  readonly connections: number
  /** Requests at a time, of each connection. */
  readonly streams: number
  readonly seconds: number
}

interface Answered {
  readonly requests: number
  readonly perSecond: number
}

export const http2Generator = program('h2load') === null ? 'Node.js' : 'h2load'

/** Sends as much as the connections carry. Throws if a single answer was not a 200. */
export function pressOverHttp2(end: Ender, load: Http2Load): Promise<Answered> {
  return http2Generator === 'h2load' ? withH2load(end, load) : workScript<Answered>(end, 'http2-load.mjs', load).done
}

async function withH2load(end: Ender, load: Http2Load): Promise<Answered> {
  const { origin, authority, cookie, path, connections, streams, seconds } = load
  const args = [
    '-c',
    connections,
    '-m',
    streams,
    '-D',
    seconds,
    '-H',
    `:authority: ${authority}`,
    '-H',
    `cookie: ${cookie}`
  ]
  const child = spawn('h2load', [...args.map(String), origin + path], { stdio: ['ignore', 'pipe', 'inherit'] })
  end.teardown(() => child.kill())
  const closed = once(child, 'close')
  let text = ''
  for await (const part of child.stdout) text += part
  await closed
  const number = (pattern: RegExp) => {
    const found = pattern.exec(text)
    if (found === null) throw new Error(`h2load said:\n${text}`)
    return Number(found[1])
  }
  const requests = number(/status codes: (\d+) 2xx, 0 3xx, 0 4xx, 0 5xx/)
  if (number(/ (\d+) failed/) > 0) throw new Error(`not every answer was good:\n${text}`)
  return { requests, perSecond: requests / seconds }
}
