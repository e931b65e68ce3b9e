/** Sees the work that `src/identity/hash-processes.ts` gives away, and may keep it for a while. Owns no opinion on it. */
import childProcess, { type ChildProcess, type SpawnOptions } from 'node:child_process'
import { syncBuiltinESMExports } from 'node:module'

/** Called for every piece of work before its process hears of it; `give` passes it on. What two processes are given is one object. */
export type WorkListener = (child: ChildProcess, work: object, give: () => void) => void

/** From now on, for all processes that are started from now on. Returns its undoing. */
export function seeHashWork(listener: WorkListener): () => void {
  const spawn = childProcess.spawn
  const seeing = (command: string, args: readonly string[], options: SpawnOptions) => {
    const child = spawn(command, args, options)
    if (args.some(each => each.endsWith('hash-process.mjs'))) {
      const send = child.send.bind(child) as (...all: unknown[]) => boolean
      child.send = (work: object, ...more: unknown[]) => {
        listener(child, work, () => send(work, ...more))
        return true
      }
    }
    return child
  }
  childProcess.spawn = seeing as typeof spawn
  syncBuiltinESMExports()
  return () => {
    childProcess.spawn = spawn
    syncBuiltinESMExports()
  }
}
