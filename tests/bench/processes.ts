/** Processes around the bench: started until they say that they serve, weighed, and ended. Linux tells weight and time in /proc. */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import net from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Ender, freePort } from '../helpers/gate.ts'

export interface Served {
  /** With its version, for the report. */
  readonly name: string
  readonly origin: string
  readonly pid: number
}

/** Where a program lies, or null. */
export function program(name: string): string | null {
  const folders = [...(process.env.PATH ?? '').split(path.delimiter), '/usr/sbin']
  return folders.map(folder => path.join(folder, name)).find(file => existsSync(file)) ?? null
}

/** One of the scripts beside this file, running until `end`. */
export async function serveScript(end: Ender, script: string, ...args: string[]): Promise<Served> {
  const file = fileURLToPath(new URL(script, import.meta.url))
  const child = spawn(process.execPath, [file, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
  end.teardown(() => kill(child))
  for await (const line of child.stdout) {
    const origin = /serving (\S+)/.exec(String(line))?.[1]
    if (origin !== undefined) return { name: `Node.js ${process.versions.node}`, origin, pid: child.pid! }
  }
  throw new Error(`${script} ended before it served`)
}

/** 100 bytes from nginx: fast enough that the proxies are what is measured. Null where there is no nginx. */
export async function serveNginx(end: Ender): Promise<Served | null> {
  const binary = program('nginx')
  if (binary === null) return null
  const folder = await mkdtemp(path.join(tmpdir(), 'factorgate-nginx-'))
  const port = await freePort()
  await writeFile(
    path.join(folder, 'nginx.conf'),
    `daemon off; worker_processes 1; pid ${folder}/pid; error_log stderr error;
events { worker_connections 256; }
http {
  access_log off; keepalive_requests 1000000000; keepalive_timeout 60s;
  client_body_temp_path ${folder}; proxy_temp_path ${folder}; fastcgi_temp_path ${folder}; uwsgi_temp_path ${folder}; scgi_temp_path ${folder};
  server { listen 127.0.0.1:${port}; default_type application/octet-stream; location / { return 200 "${'x'.repeat(100)}"; } }
}
`
  )
  const child = spawn(binary, ['-p', folder, '-c', path.join(folder, 'nginx.conf'), '-e', 'stderr'], {
    stdio: ['ignore', 'ignore', 'inherit']
  })
  end.teardown(async () => {
    await kill(child)
    await rm(folder, { recursive: true, force: true })
  })
  await answers(port)
  const version = /nginx\/(\S+)/.exec(spawnSync(binary, ['-v'], { encoding: 'utf8' }).stderr)?.[1]
  return { name: `nginx ${version}`, origin: `http://127.0.0.1:${port}`, pid: child.pid! }
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = once(child, 'exit')
  child.kill('SIGTERM')
  await gone
}

async function answers(port: number): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    const isOpen = await new Promise(resolve => {
      const socket = net.connect(port, '127.0.0.1', () => resolve(true))
      socket.on('error', () => resolve(false)).on('connect', () => socket.destroy())
    })
    if (isOpen) return
    await new Promise(resolve => setTimeout(resolve, 25))
  }
  throw new Error(`nobody listens on ${port}`)
}

/** Resident memory in MB (10⁶ bytes): now, and the most there ever was. Null where /proc does not tell. */
export function memory(pid: number): { now: number; peak: number } | null {
  const file = `/proc/${pid}/status`
  if (!existsSync(file)) return null
  const text = readFileSync(file, 'utf8')
  const of = (name: string) => (Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(text)![1]) * 1024) / 1e6
  return { now: of('VmRSS'), peak: of('VmHWM') }
}

/** Forgets the most there ever was (proc(5), clear_refs). False where the system does not let us: `peak` is then of the whole life. */
export function forgetPeak(pid: number): boolean {
  try {
    writeFileSync(`/proc/${pid}/clear_refs`, '5')
    return true
  } catch {
    return false
  }
}

let ticksASecond: number | null = null

/** Processor time a process has used so far, in seconds, all threads together. Null where /proc does not tell. */
export function processorSeconds(pid: number): number | null {
  const file = `/proc/${pid}/stat`
  if (!existsSync(file)) return null
  ticksASecond ??= Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }))
  // The name in brackets may hold blanks: fields are counted from behind it; utime and stime are the 14th and 15th of all.
  const fields = readFileSync(file, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ')
  return (Number(fields[11]) + Number(fields[12])) / ticksASecond
}
