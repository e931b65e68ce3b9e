/** Whether another process stands still: stopped, held by a debugger, or frozen. Only Linux tells (proc(5), cgroups(7)). */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** Null for a thread that has ended, or cannot be seen. */
export function stateOf(thread: number): { readonly pid: number; readonly isStill: boolean } | null {
  try {
    const status = readFileSync(`/proc/${thread}/status`, 'utf8')
    const pid = Number(/^Tgid:\t(\d+)$/m.exec(status)?.[1])
    const letter = /^State:\t(\S)/m.exec(status)?.[1] ?? ''
    return { pid, isStill: 'Tt'.includes(letter) || isFrozen(pid) }
  } catch {
    return null
  }
}

export function standsStill(pid: number, where: string): string {
  return `process ${pid} stands still (Ctrl-Z, SIGSTOP, a debugger or a freezer) ${where}; let it go on (kill -CONT ${pid}), or end it (kill -KILL ${pid})`
}

function isFrozen(pid: number): boolean {
  try {
    const group = /^0::(.*)$/m.exec(readFileSync(`/proc/${pid}/cgroup`, 'utf8'))?.[1] ?? ''
    return /^frozen 1$/m.test(readFileSync(join('/sys/fs/cgroup', group, 'cgroup.events'), 'utf8'))
  } catch {
    return false
  }
}
