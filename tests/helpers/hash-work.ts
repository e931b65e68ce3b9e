/** Sees the work that `src/identity/password/hash-processes.ts` gives away, and may keep it for a while. */
import childProcess, { type ChildProcess, type SpawnOptions } from 'node:child_process'
import { syncBuiltinESMExports } from 'node:module'

type Spawn = (command: string, args: readonly string[], options: SpawnOptions) => ChildProcess

/** All processes that hash start by way of `how` from now on. Returns its undoing. */
export function startHashersBy(how: (spawn: Spawn, ...asked: Parameters<Spawn>) => ChildProcess): () => void {
  const spawn = childProcess.spawn as Spawn
  const seeing: Spawn = (command, args, options) =>
    args.some(each => each.endsWith('hash-program.mjs'))
      ? how(spawn, command, args, options)
      : spawn(command, args, options)
  childProcess.spawn = seeing as typeof childProcess.spawn
  syncBuiltinESMExports()
  return () => {
    childProcess.spawn = spawn as typeof childProcess.spawn
    syncBuiltinESMExports()
  }
}

/** Called for every piece of work before its process hears of it; `give` passes it on. Work that is tried again in another process is the same object. */
export type WorkListener = (child: ChildProcess, work: object, give: () => void) => void

/** For all processes that are started from now on. Returns its undoing. */
export function seeHashWork(listener: WorkListener): () => void {
  return startHashersBy((spawn, ...asked) => {
    const child = spawn(...asked)
    const send = child.send.bind(child) as (...all: unknown[]) => boolean
    child.send = (work: object, ...more: unknown[]) => {
      listener(child, work, () => send(work, ...more))
      return true
    }
    return child
  })
}
