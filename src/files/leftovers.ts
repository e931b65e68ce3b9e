/** Small files that a killed process has left behind. */
import { lstatSync, readdirSync, rmSync } from 'node:fs'
import path from 'node:path'
import { systemClock } from '../clock.ts'

/** Such a file is needed for moments, so an older one was left. */
const ageMs = 60_000
const swept = new Set<string>()

/** Removes files named `prefix` and what fits `rest`, once in the life of this process. */
export function sweepLeftovers(folder: string, prefix: string, rest: RegExp): void {
  const key = path.join(folder, prefix)
  if (swept.has(key)) return
  swept.add(key)
  const isLeft = (name: string) => name.startsWith(prefix) && rest.test(name.slice(prefix.length))
  try {
    for (const name of readdirSync(folder)) if (isLeft(name)) removeOld(path.join(folder, name))
  } catch {
    // Nobody may list the folder.
  }
}

function removeOld(file: string): void {
  const found = lstatSync(file, { throwIfNoEntry: false })
  if (found?.isFile() && systemClock() - found.mtimeMs > ageMs) rmSync(file, { force: true })
}
