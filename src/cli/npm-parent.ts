/** Detects the end of the npm that started this process: with kill -9, npm tells nobody. Other processes, such as with nohup, are left alone. */
import { readFileSync } from 'node:fs'

const lookMs = 250

/** Calls `gone` once a process between npm and this one has ended. Returns a stop function. Does nothing outside npm scripts. */
export function onNpmGone(env: Readonly<Record<string, string | undefined>>, gone: () => void): () => void {
  if (env.npm_lifecycle_event === undefined || process.ppid <= 1) return () => {}
  const before = parents()
  const timer = setInterval(() => {
    if (parents() === before) return
    clearInterval(timer)
    gone()
  }, lookMs)
  return () => clearInterval(timer)
}

/** npm may run a script through a shell, so the grandparent counts too. */
function parents(): string {
  return `${process.ppid} ${parentOf(process.ppid)}`
}

function parentOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The name in parentheses may contain anything.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1] ?? ''
  } catch {
    return ''
  }
}
