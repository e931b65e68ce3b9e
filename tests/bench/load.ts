/** Load on one address: wrk if installed, otherwise a plain generator (slower, and equal for both sides). */
import { spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Pool } from 'undici'
import { program } from './processes.ts'

interface Load {
  readonly origin: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly connections: number
  readonly seconds: number
  /** Of so many people in turn, instead of the cookie in `headers`. */
  readonly cookies?: readonly string[]
  /** Where the generator may run; anywhere if not given. */
  readonly cores?: readonly number[]
}

export interface Measured {
  readonly requests: number
  readonly perSecond: number
  /** Milliseconds. */
  readonly p50: number
  readonly p99: number
}

export const generator = program('wrk') === null ? 'undici' : 'wrk'

/** Sends as much as the connections carry. Throws if a single answer was not a 200. */
export function press(load: Load): Promise<Measured> {
  return generator === 'wrk' ? withWrk(load) : withUndici(load)
}

async function withWrk(load: Load): Promise<Measured> {
  const headers = Object.entries(load.headers).flatMap(([name, value]) => ['-H', `${name}: ${value}`])
  const args = [
    '-t1',
    `-c${load.connections}`,
    `-d${Math.ceil(load.seconds)}s`,
    '--latency',
    ...headers,
    load.origin + load.path
  ]
  const script = load.cookies === undefined ? null : await turns(load.cookies)
  if (script !== null) args.push('-s', script)
  const [command, ...words] = [
    ...(load.cores === undefined ? [] : ['taskset', '-c', load.cores.join(',')]),
    'wrk',
    ...args
  ]
  const child = spawn(command!, words, { stdio: ['ignore', 'pipe', 'inherit'] })
  let text = ''
  for await (const part of child.stdout) text += part
  if (script !== null) await rm(path.dirname(script), { recursive: true })
  const bad = /Non-2xx or 3xx responses: (\d+)|Socket errors: (.*)/.exec(text)
  const number = (pattern: RegExp) => {
    const found = pattern.exec(text)
    if (found === null) throw new Error(`wrk said:\n${text}`)
    return found
  }
  if (bad !== null) throw new Error(`not every answer was good: ${bad[0]}`)
  const milliseconds = ([, value, unit]: RegExpExecArray) =>
    Number(value) * { us: 0.001, ms: 1, s: 1000 }[unit as 'us' | 'ms' | 's']
  return {
    requests: Number(number(/(\d+) requests in/)[1]),
    perSecond: Number(number(/Requests\/sec:\s+([\d.]+)/)[1]),
    p50: milliseconds(number(/50%\s+([\d.]+)(us|ms|s)/)),
    p99: milliseconds(number(/99%\s+([\d.]+)(us|ms|s)/))
  }
}

/** What wrk runs to be one person after the other. */
async function turns(cookies: readonly string[]): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'factorgate-wrk-'))
  await writeFile(path.join(folder, 'cookies'), `${cookies.join('\n')}\n`)
  const file = path.join(folder, 'turns.lua')
  await writeFile(
    file,
    `local requests, turn = {}, 0
function init()
  for cookie in io.lines('${folder}/cookies') do
    wrk.headers['Cookie'] = cookie
    requests[#requests + 1] = wrk.format()
  end
end
function request()
  turn = turn % #requests + 1
  return requests[turn]
end
`
  )
  return file
}

async function withUndici(load: Load): Promise<Measured> {
  // Over TLS the certificate is one that nobody has signed.
  const connect = { rejectUnauthorized: false }
  const pool = new Pool(load.origin, { connections: load.connections, pipelining: 1, connect })
  const times: number[] = []
  const end = performance.now() + load.seconds * 1000
  const one = async () => {
    for (let turn = 0; performance.now() < end; turn++) {
      const cookie = load.cookies?.[turn % load.cookies.length]
      const headers = cookie === undefined ? load.headers : { ...load.headers, Cookie: cookie }
      const before = performance.now()
      const { statusCode, body } = await pool.request({ method: 'GET', path: load.path, headers })
      await body.dump()
      if (statusCode !== 200) throw new Error(`an answer was ${statusCode}`)
      times.push(performance.now() - before)
    }
  }
  await Promise.all(Array.from({ length: load.connections }, one))
  await pool.close()
  times.sort((a, b) => a - b)
  const at = (share: number) => times[Math.min(times.length - 1, Math.floor(times.length * share))]!
  return { requests: times.length, perSecond: times.length / load.seconds, p50: at(0.5), p99: at(0.99) }
}
