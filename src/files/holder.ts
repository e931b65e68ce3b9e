/** Names of processes in links that lock something: `place:pid:start:random`. The place is the boot of the machine and the PID namespace. */
import { randomBytes } from 'node:crypto'
import { readFileSync, readlinkSync } from 'node:fs'

interface Holder {
  readonly text: string
  readonly place: string
  /** False where the system does not tell it, so that processes elsewhere may name the same place. */
  readonly isPlaceKnown: boolean
}

export function holderName(pid = process.pid): Holder {
  const [boot, space] = [bootId(), pidNamespace()]
  const place = `${boot ?? 'here'}-${space ?? '0'}`
  const text = `${place}:${pid}:${startOf(pid) ?? ''}:${randomBytes(6).toString('hex')}`
  return { place, text, isPlaceKnown: boot !== null && space !== null }
}

export function pidOf(holder: string): number {
  return Number(holder.split(':')[1])
}

/** Null if nobody at `place` sees that process. */
export function hasEnded(holder: string, place: string): boolean | null {
  const [where, pid, start] = holder.split(':')
  if (where !== place || pid === undefined) return null
  const isThere = isRunning(Number(pid))
  if (!isThere || start === '') return !isThere
  const found = startOf(Number(pid))
  // The process ended during the look; the next one notices.
  return found !== null && found !== start
}

function bootId(): string | null {
  return read('/proc/sys/kernel/random/boot_id')?.slice(0, 13) ?? null
}

function pidNamespace(): string | null {
  try {
    return /\d+/.exec(readlinkSync('/proc/self/ns/pid'))?.[0] ?? null
  } catch {
    return null
  }
}

function read(file: string): string | null {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return null
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/**
 * The start of a process, because PIDs are reused; `ended` for a zombie, null if it is not seen. proc_pid_stat(5): field 3 is the state, field 22 the start,
 * and the name in field 2 may contain anything.
 */
function startOf(pid: number): string | null {
  const stat = read(`/proc/${pid}/stat`)
  if (stat === null) return null
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return fields[0] === 'Z' || fields[0] === 'X' ? 'ended' : (fields[19] ?? null)
}
