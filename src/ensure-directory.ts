/** Making a folder. Owns that it comes to an end; refuses where the file system says no, and says which folder it was. */
import { accessSync, constants, existsSync, lchownSync, mkdirSync, statSync } from 'node:fs'
import path from 'node:path'

/**
 * Makes `folder` and what is missing above it, for its owner alone unless `mode` says otherwise. Answers the topmost folder it made, or
 * null if all were there. Throws an error with `code` and `path` as the system does. Not mkdir's `recursive`, which tries for ever
 * where a file system answers ENOENT to a mkdir in a folder that is there (/proc).
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
    // Somebody else has just made it.
    if (code !== 'EEXIST' || !statSync(folder, { throwIfNoEntry: false })?.isDirectory()) throw error
  }
}

/** What root makes belongs to the owner of the folder above: the gate runs as that user. */
function giveToOwnerAbove(folder: string): void {
  if (process.geteuid?.() !== 0) return
  const { uid, gid } = statSync(path.dirname(folder))
  if (uid !== 0) lchownSync(folder, uid, gid)
}

function trouble(code: string, words: string, path: string): NodeJS.ErrnoException {
  return Object.assign(new Error(words), { code, path, syscall: 'mkdir' })
}
