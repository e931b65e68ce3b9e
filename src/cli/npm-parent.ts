/**
 * Whether npm, which has started this process, is still there. Killed with -9, npm tells nobody, and what it has started would go on alone.
 * Owns the look at the processes above; refuses to act for whoever was started in another way, such as with nohup.
 */
import { readFileSync } from 'node:fs'

const lookMs = 250

/** Calls `gone` once a process between npm and this one has ended. Answers how to stop looking. Does nothing unless npm runs a script. */
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

/** The process above and, where the system tells it, the one above that: npm runs a script through a shell, which may stay in between. */
function parents(): string {
  return `${process.ppid} ${parentOf(process.ppid)}`
}

function parentOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The name in parentheses may hold anything.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1] ?? ''
  } catch {
    return ''
  }
}
