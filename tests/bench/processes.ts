/** Processes of the bench: started, measured with /proc, and ended. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import net from 'node:net'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Ender } from '../fixtures/process/gate.ts'

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

/** A script beside this file that works on what `input` says, and tells what it found as JSON, at its own end or when it is asked to stop. */
export interface Working<T> {
  readonly done: Promise<T>
  stop(): Promise<T>
}

export function workScript<T>(end: Ender, script: string, input: unknown): Working<T> {
  const file = fileURLToPath(new URL(script, import.meta.url))
  const child = spawn(process.execPath, [file, JSON.stringify(input)], { stdio: ['ignore', 'pipe', 'inherit'] })
  end.teardown(() => kill(child))
  const done = (async () => {
    let text = ''
    for await (const part of child.stdout) text += part
    if (text === '') throw new Error(`${script} ended without a result`)
    return JSON.parse(text) as T
  })()
  // Whoever waits for it hears of the failure; until then it is nobody's.
  done.catch(() => {})
  return {
    done,
    stop() {
      child.kill('SIGTERM')
      return done
    }
  }
}

/** Ends a process, the hard way where it does not listen for so many milliseconds. */
export async function kill(child: ChildProcess, patienceMs = 5_000): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = once(child, 'exit')
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), patienceMs)
  await gone
  clearTimeout(timer)
}

/** Resolves once somebody listens there. */
export async function answers(port: number): Promise<void> {
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

/** What a process and those it has started hold now, in MB. Null where /proc does not tell. */
export function memoryOfAll(pid: number): number | null {
  const own = memory(pid)
  if (own === null) return null
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').split(' ').filter(Boolean)
  return children.reduce((sum, child) => sum + (memoryOfAll(Number(child)) ?? 0), own.now)
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
function processorSeconds(pid: number): number | null {
  const file = `/proc/${pid}/stat`
  if (!existsSync(file)) return null
  ticksASecond ??= Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }))
  // The name in brackets may hold blanks: fields are counted from behind it; utime and stime are the 14th and 15th of all.
  const fields = readFileSync(file, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ')
  return (Number(fields[11]) + Number(fields[12])) / ticksASecond
}

/** What `work` resolves to, and the processor time that the process has used meanwhile, in seconds; null where /proc does not tell. */
export async function processorDuring<T>(
  pid: number,
  work: () => Promise<T>
): Promise<{ readonly found: T; readonly seconds: number | null }> {
  const before = processorSeconds(pid)
  const found = await work()
  const after = processorSeconds(pid)
  return { found, seconds: before === null || after === null ? null : after - before }
}

/** Of all processors together, since the machine began; in a unit of its own. */
export interface ProcessorTimes {
  /** Wanted here, and given to other machines on the same host. */
  readonly stolen: number
  readonly all: number
}

/** Noughts where /proc does not tell. */
export function processorTimes(): ProcessorTimes {
  if (!existsSync('/proc/stat')) return { stolen: 0, all: 0 }
  // user, nice, system, idle, iowait, irq, softirq, steal; what follows is part of the first two (proc(5)).
  const times = readFileSync('/proc/stat', 'utf8').split('\n', 1)[0]!.split(/ +/).slice(1, 9).map(Number)
  return { stolen: times[7] ?? 0, all: times.reduce((sum, each) => sum + each, 0) }
}
