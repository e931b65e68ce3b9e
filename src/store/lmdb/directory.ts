/** Checks before LMDB opens a directory: it may crash on foreign files or a full disk. */

import { accessSync, closeSync, constants, lchownSync, lstatSync, openSync, readSync, statSync } from 'node:fs'
import { devNull } from 'node:os'
import { join } from 'node:path'
import { makeFolder } from '../../ensure-directory.ts'
import { checkFreeSpace } from '../../files/free-space.ts'
import { systemCode } from '../../files/system-code.ts'
import { StoreMisconfigured } from '../misconfigured.ts'
import { faultOf } from './whole-file.ts'

/** Twice what LMDB writes to a new store. */
const roomBytes = 256 * 1024
const magicAt = 24
const magic = 0xbeefc0de

/** LMDB opens four files, and crashes where it cannot. */
const filesAtOnce = 6

/** `isOpenHere`: this process has an embedded store open. Throws StoreMisconfigured. */
export function prepareDirectory(directory: string, isOpenHere = false): void {
  try {
    makeFolder(directory)
    checkDescriptors()
    for (const name of ['data.mdb', 'lock.mdb']) checkFile(join(directory, name), name === 'data.mdb', isOpenHere)
    // An existing store opens even on a full disk, otherwise no command could end access.
    if (isMade(directory)) return
    checkFreeSpace(directory, roomBytes, true)
  } catch (error) {
    throw error instanceof StoreMisconfigured
      ? error
      : new StoreMisconfigured(openingTrouble(directory, error), { cause: error })
  }
}

/** LMDB crashes where it cannot make its lock file, as without a free inode. It accepts an empty one. */
export function makeLockFile(directory: string): void {
  const path = join(directory, 'lock.mdb')
  // Closing an existing one would drop the locks of an open store.
  if (statSync(path, { throwIfNoEntry: false }) === undefined) closeSync(openSync(path, 'a', 0o600))
}

function isMade(directory: string): boolean {
  const sizes = ['data.mdb', 'lock.mdb'].map(name => statSync(join(directory, name), { throwIfNoEntry: false })?.size)
  return sizes.every(size => size !== undefined && size > 0)
}

function checkDescriptors(): void {
  const held: number[] = []
  try {
    while (held.length < filesAtOnce) held.push(openSync(devNull, 'r'))
  } finally {
    for (const file of held) closeSync(file)
  }
}

function checkFile(path: string, hasMagic: boolean, isOpenHere: boolean): void {
  refuseForeignLink(path)
  const found = statSync(path, { throwIfNoEntry: false })
  if (found === undefined) return
  const { size } = found
  if (!found.isFile()) throw new StoreMisconfigured(`${path} is not a file. Move it away.`)
  accessSync(path, constants.R_OK | constants.W_OK)
  // Only opening shows the rights of a command that root runs as the owner. Closing lock.mdb would drop the locks of an open store.
  if (hasMagic || !isOpenHere) closeSync(openSync(path, 'r+'))
  if (!hasMagic || size === 0) return
  const file = openSync(path, 'r')
  try {
    const head = Buffer.alloc(magicAt + 4)
    if (readSync(file, head) < head.length || !isMagic(head))
      throw new StoreMisconfigured(
        `${path} is not a store of Factorgate. Choose an empty directory, or restore the file from a backup.`
      )
  } finally {
    closeSync(file)
  }
  const fault = faultOf(path)
  if (fault !== null)
    throw new StoreMisconfigured(
      fault === 'cut'
        ? `${path} is cut off: pages that are in use lie beyond its end, as after an interrupted copy. ${wayBack}.`
        : `${path} is damaged: its pages do not fit together, as in a copy that was made while the gate wrote. ${wayBack}.`
    )
}

const wayBack =
  'Stop the gate, move the folder of the store away, and fill a new one from the newest backup: factorgate store import FILE'

/** A link must not redirect a gate that runs as root. */
function refuseForeignLink(path: string): void {
  const found = lstatSync(path, { throwIfNoEntry: false })
  if (process.geteuid?.() === 0 && found?.isSymbolicLink() && found.uid !== 0)
    throw new StoreMisconfigured(`${path} is a link of uid ${found.uid}, and root does not follow it. Remove the link.`)
}

/** Gives root's new files to the directory's owner. Links and files with several hard links may be another user's trap, and are skipped. */
export function giveToOwner(directory: string, names: readonly string[]): void {
  if (process.geteuid?.() !== 0) return
  const { uid, gid } = statSync(directory)
  if (uid === 0) return
  for (const name of names) {
    const path = join(directory, name)
    const found = lstatSync(path, { throwIfNoEntry: false })
    if (found?.isFile() && found.uid === 0 && found.nlink === 1) lchownSync(path, uid, gid)
  }
}

function isMagic(head: Buffer): boolean {
  return head.readUInt32LE(magicAt) === magic || head.readUInt32BE(magicAt) === magic
}

export function openingTrouble(directory: string, error: unknown): string {
  return `The store in ${directory} cannot be opened: ${diskTrouble(error) ?? (error as Error).message}.`
}

/** LMDB gives the reason of a failed commit in a second promise. */
export async function commitTrouble(error: unknown): Promise<string> {
  const { commitError } = error as { commitError?: Promise<unknown> }
  const reason = await Promise.race([
    Promise.resolve(commitError ?? error).catch((why: unknown) => why),
    new Promise(resolve => setImmediate(resolve, error))
  ])
  return diskTrouble(reason) ?? (reason as Error).message
}

export const lostWrite = 'the disk has lost a write; repair the disk, then start the gate again'

export function readTrouble(error: unknown): string {
  return diskTrouble(error) ?? (error as Error).message
}

function diskTrouble(error: unknown): string | null {
  switch (systemCode(error) as string | number | undefined) {
    case 'EACCES':
    case 'EPERM':
    case 1:
    case 13:
      return `this user (${process.geteuid?.() ?? 'unknown'}) may not write there; give it the directory (chown) or run as its owner`
    case 'EROFS':
    case 30:
      return 'the file system is read-only; mount it for writing, choose another directory, or name this one as ReadWritePaths= in the unit of systemd'
    case 'ENOSPC':
    case 'EDQUOT':
    case 28:
    case 122:
      return 'the disk is full, or has no free inode (df -i); free some space there'
    case 'ENODEV':
    case 19:
      return 'its file system cannot map files into memory; choose a folder on a disk of this machine, or use Redis'
    case 'EFBIG':
    case 27:
      return 'the limit for the size of a file is too low (ulimit -f)'
    case 'ENOTDIR':
    case 'EEXIST':
    case 20:
      return 'it, or a part of its path, is a file and not a directory; choose another path'
    case 'ENOTSUP':
      return 'a directory cannot be made there; choose another path'
    case 'EIO':
    case 5:
      return 'the disk cannot save the data (input/output error)'
    case -30797: // MDB_PAGE_NOTFOUND
    case -30796: // MDB_CORRUPTED
    case -30782: // MDB_BAD_TXN: the transaction has met such a page
      return `its file data.mdb is damaged. ${wayBack}`
    // LMDB takes no more transactions in this process.
    case -30795: // MDB_PANIC
      return lostWrite
    case 'EMFILE':
    case 'ENFILE':
    case 23:
    case 24:
      return 'too many files are open (ulimit -n)'
    default:
      // lmdb-js names it so where a transaction cannot begin.
      return /\bMDB_PANIC\b/.test((error as Error).message) ? lostWrite : null
  }
}
