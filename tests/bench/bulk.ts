/** Big things through the gate, up and down, while its memory is watched. Owns no server; sends and takes as fast as the gate does. */
import http from 'node:http'
import { forgetPeak, memory } from './processes.ts'

export interface Bulk {
  readonly port: number
  readonly headers: http.OutgoingHttpHeaders
  readonly bytes: number
  readonly pid: number
}

export interface Carried {
  readonly seconds: number
  /** MB, 10⁶ bytes; null where the system does not tell. */
  readonly peakMemory: number | null
}

const piece = Buffer.alloc(64 * 1024, 'z')
const lookEveryMs = 100

/** The kernel sees every page; our looks, where it does not tell, may miss what lasts a moment. */
export async function watched(pid: number, work: () => Promise<void>): Promise<Carried> {
  let peak = 0
  const isExact = forgetPeak(pid)
  const look = () => {
    peak = Math.max(peak, memory(pid)?.now ?? 0)
  }
  const timer = setInterval(look, lookEveryMs)
  const before = performance.now()
  try {
    await work()
  } finally {
    clearInterval(timer)
  }
  look()
  if (isExact) peak = Math.max(peak, memory(pid)?.peak ?? 0)
  return { seconds: (performance.now() - before) / 1000, peakMemory: peak === 0 ? null : peak }
}

/** Sends `bytes` to the app's sink; throws unless every one of them arrived. */
export function upload({ port, headers, bytes, pid }: Bulk): Promise<Carried> {
  return watched(
    pid,
    () =>
      new Promise((resolve, reject) => {
        const request = http.request({
          host: '127.0.0.1',
          port,
          method: 'PUT',
          path: '/sink',
          agent: false,
          headers: { ...headers, 'content-length': bytes }
        })
        request.on('error', reject)
        request.on('response', response => {
          let text = ''
          response.on('data', part => {
            text += part
          })
          response.on('end', () =>
            text === String(bytes) ? resolve() : reject(new Error(`${response.statusCode} ${text}`))
          )
        })
        let left = bytes
        const more = () => {
          while (left > 0) {
            const part = left >= piece.length ? piece : piece.subarray(0, left)
            left -= part.length
            if (!request.write(part)) return void request.once('drain', more)
          }
          request.end()
        }
        more()
      })
  )
}

/** Takes `bytes` from the app's source; throws unless every one of them arrived. */
export function download({ port, headers, bytes, pid }: Bulk): Promise<Carried> {
  return watched(
    pid,
    () =>
      new Promise((resolve, reject) => {
        const request = http.get({ host: '127.0.0.1', port, path: `/source?bytes=${bytes}`, agent: false, headers })
        request.on('error', reject)
        request.on('response', response => {
          let got = 0
          response.on('data', part => {
            got += part.length
          })
          response.on('error', reject)
          response.on('end', () =>
            got === bytes ? resolve() : reject(new Error(`${response.statusCode}: ${got} of ${bytes} bytes`))
          )
        })
      })
  )
}
