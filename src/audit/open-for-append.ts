/** Opens a journal file for appending. It follows no stranger's link. */
import { constants } from 'node:fs'
import { type FileHandle, lstat, open, stat } from 'node:fs/promises'
import path from 'node:path'
import { makeFolder } from '../ensure-directory.ts'

export type AppendHandle = Pick<FileHandle, 'write' | 'datasync' | 'stat' | 'close'>

/** The open does not block, otherwise a pipe without a reader would stop the gate. */
export async function openForAppend(file: string): Promise<AppendHandle> {
  const link = await lstat(file).catch(() => null)
  if (link?.isSymbolicLink() && link.uid !== 0 && process.geteuid?.() === 0)
    throw Object.assign(new Error('root does not follow a link that somebody else has laid'), { code: 'ELOOP' })
  const flags = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NOCTTY | constants.O_NONBLOCK
  return openOwned(file, flags)
}

/** Creates the file with mode 0600 for the owner of the folder. */
export async function openOwned(file: string, flags: number): Promise<FileHandle> {
  const isNew = await stat(file).then(
    () => false,
    error => error.code === 'ENOENT'
  )
  if (isNew) makeFolder(path.dirname(file))
  const handle = await open(file, flags, 0o600)
  if (isNew) await giveToOwnerOfFolder(handle, path.dirname(file))
  return handle
}

/** Files that root's command line creates must be writable for the gate's own user. */
async function giveToOwnerOfFolder(handle: FileHandle, folder: string): Promise<void> {
  if (process.geteuid?.() !== 0) return
  const { uid, gid } = await stat(folder)
  if (uid !== 0) await handle.chown(uid, gid)
}
