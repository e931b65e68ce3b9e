/** Creates a folder and its missing parents. */
import { accessSync, constants, existsSync, lchownSync, mkdirSync, statSync } from 'node:fs'
import path from 'node:path'

/**
 * Creates `folder` and its missing parents with `mode`. Returns the topmost one it created, or null. Throws an error with
 * `code` and `path`. mkdir's `recursive` is no alternative: it never ends in /proc, where mkdir fails with ENOENT.
 */
export function makeFolder(folder: string, mode = 0o700): string | null {
  const missing: string[] = []
  let there = path.resolve(folder)
  while (!existsSync(there) && there !== path.dirname(there)) {
    missing.unshift(there)
    there = path.dirname(there)
  }
  if (!statSync(there).isDirectory()) throw trouble('ENOTDIR', 'is no folder', there)
  const topmost = missing[0]
  if (topmost === undefined) return null
  accessSync(there, constants.W_OK | constants.X_OK)
  for (const each of missing) makeOne(each, mode)
  return topmost
}

function makeOne(folder: string, mode: number): void {
  try {
    mkdirSync(folder, { mode })
    giveToOwnerAbove(folder)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') throw trouble('ENOTSUP', 'no folder can be made there', folder)
    // Another process has just created it.
    if (code !== 'EEXIST' || !statSync(folder, { throwIfNoEntry: false })?.isDirectory()) throw error
  }
}

/** Gives a folder that root creates to the owner of its parent, because the gate runs as that user. */
function giveToOwnerAbove(folder: string): void {
  if (process.geteuid?.() !== 0) return
  const { uid, gid } = statSync(path.dirname(folder))
  if (uid !== 0) lchownSync(folder, uid, gid)
}

function trouble(code: string, words: string, path: string): NodeJS.ErrnoException {
  return Object.assign(new Error(words), { code, path, syscall: 'mkdir' })
}
