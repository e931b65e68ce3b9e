/** The key file: one master key on each line, the newest first. */

import { constants } from 'node:fs'
import { type FileHandle, open, realpath, rename, stat as statFile, unlink } from 'node:fs/promises'
import path from 'node:path'
import { makeFolder } from '../ensure-directory.ts'
import { systemCode } from '../files/system-code.ts'
import { type Keyring, type MasterKey, makeKeyring, masterKey, newMasterKey } from './keyring.ts'

type KeyFileProblem =
  | 'missing'
  | 'exists'
  | 'readable_by_others'
  | 'foreign_owner'
  | 'malformed'
  | 'foreign'
  | 'unreadable'
  | 'unwritable'

/** The message says how to fix the file, and never quotes it. */
export class KeyFileError extends Error {
  override readonly name = 'KeyFileError'
  readonly problem: KeyFileProblem

  constructor(problem: KeyFileProblem, message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.problem = problem
  }
}

const header = `# Factorgate key file. Whoever has it can read the sealed secrets; without it nobody can, ever again.
# Keep it at mode 0600 and keep a copy in a safe place, apart from the backups of the store.
# One key a line, newest first: the first seals and signs, the others open what they once sealed.
`
const line = /^key ([A-Za-z0-9_-]{11}) ([A-Za-z0-9_-]{43})$/
const maxBytes = 64 * 1024
const maxKeys = 64

type Environment = { readonly CREDENTIALS_DIRECTORY?: string | undefined }

/** Rejects with KeyFileError for a file that is missing, damaged or open to others. */
export async function readKeyFile(file: string, env: Environment = {}): Promise<Keyring> {
  return makeKeyring((await readKeys(file, env)).keys)
}

/** Rejects where a file exists. Resolves with the key's id. */
export async function createKeyFile(file: string): Promise<string> {
  const key = newMasterKey()
  try {
    makeFolder(path.dirname(file))
    await write(file, async () => ({ keys: [key] }))
    await syncFolder(path.dirname(file))
  } catch (cause) {
    if (codeOf(cause) === 'EEXIST')
      throw new KeyFileError(
        'exists',
        `${file} exists already. A key file is never overwritten; choose another name.`,
        {
          cause
        }
      )
    throw unwritable(file, cause)
  }
  return key.id
}

/** Resolves with the new key's id. */
export function addKey(file: string): Promise<string> {
  return exchange(file, keys => [newMasterKey(), ...keys])
}

/** Keeps only the current key, with which everything must be sealed by now. Resolves with its id. */
export function retireOldKeys(file: string): Promise<string> {
  return exchange(file, keys => keys.slice(0, 1))
}

interface KeysRead {
  readonly keys: readonly MasterKey[]
  readonly owner: { readonly uid: number; readonly gid: number; readonly mode: number }
}

async function readKeys(file: string, env: Environment = {}): Promise<KeysRead> {
  const handle = await openFile(file)
  try {
    // The path could be exchanged meanwhile.
    const stat = await handle.stat()
    if (stat.isDirectory())
      throw new KeyFileError(
        'malformed',
        `The key file ${file} is a folder. Name a file in it, such as ${path.join(file, 'factorgate.key')}.`
      )
    if (!stat.isFile() || stat.size > maxBytes) throw malformed(file, 'it is not a key file')
    const self = process.geteuid?.()
    const isCredential = liesIn(env.CREDENTIALS_DIRECTORY, file)
    if (self !== undefined && isOpenToOthers(stat, isCredential)) {
      const mode = (stat.mode & 0o777).toString(8).padStart(4, '0')
      throw new KeyFileError(
        'readable_by_others',
        `The key file ${file} is open to other users (mode ${mode}, owner uid ${stat.uid}). Close it with: chmod 600 ${file}. Its group may read it only if root owns it (mode 0440), as with systemd credentials and Kubernetes.`
      )
    }
    if (self !== undefined && self !== 0 && stat.uid !== self && stat.uid !== 0 && !isCredential)
      throw new KeyFileError(
        'foreign_owner',
        `The key file ${file} belongs to another user (uid ${stat.uid}), who could replace it. Change the owner with: chown ${self} ${file}`
      )
    return {
      keys: parse(file, textOf(file, await handle.readFile())),
      owner: { uid: stat.uid, gid: stat.gid, mode: stat.mode }
    }
  } finally {
    await handle.close()
  }
}

/** Others may never read it. Its group may if root owns it, as with systemd credentials (0440) and Kubernetes secrets (`fsGroup`). */
function isOpenToOthers({ mode, uid }: { mode: number; uid: number }, isCredential: boolean): boolean {
  const isRootsForGroup = (uid === 0 || isCredential) && (mode & 0o037) === 0
  return (mode & 0o077) !== 0 && !isRootsForGroup
}

/** For accepted but unwise permissions. Files under `$CREDENTIALS_DIRECTORY` get no warning. */
export async function keyFileWarning(file: string, env: Environment) {
  const stat = await statFile(file).catch(() => null)
  if (process.geteuid === undefined || stat === null || (stat.mode & 0o077) === 0) return null
  if (liesIn(env.CREDENTIALS_DIRECTORY, file) || isOpenToOthers(stat, false)) return null
  return `The group ${stat.gid} may read the key file ${file} (mode ${(stat.mode & 0o777).toString(8).padStart(4, '0')}). Make sure that only the gate's user is in this group, or close the file with: chmod 600 ${file}`
}

function liesIn(folder: string | undefined, file: string): boolean {
  return Boolean(folder) && path.resolve(file).startsWith(`${path.resolve(folder ?? '')}${path.sep}`)
}

/** Keys are ASCII. `parse` ignores a byte order mark. */
function textOf(file: string, bytes: Buffer): string {
  const isWide =
    bytes.includes(0) || (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff)
  if (isWide)
    throw new KeyFileError(
      'malformed',
      `The key file ${file} is UTF-16 text, or not a text file. Put it back from its safe copy, or convert it with: iconv -f UTF-16 -t UTF-8`
    )
  return bytes.toString('utf8')
}

async function openFile(file: string): Promise<FileHandle> {
  try {
    // Without O_NONBLOCK, a named pipe would block the start.
    return await open(file, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0))
  } catch (cause) {
    if (codeOf(cause) === 'ENOENT')
      throw new KeyFileError(
        'missing',
        `The key file ${file} is missing. Put it back from its safe copy. For a new installation, make one with: factorgate key new ${file}`,
        { cause }
      )
    throw new KeyFileError('unreadable', `The key file ${file} cannot be read (${codeOf(cause)}).${wayOut(cause)}`, {
      cause
    })
  }
}

function parse(file: string, text: string): MasterKey[] {
  const keys: MasterKey[] = []
  for (const [index, row] of text.split('\n').entries()) {
    const content = row.trim()
    if (content === '' || content.startsWith('#')) continue
    const [, id, encoded = ''] = line.exec(content) ?? []
    const key = id === undefined ? null : masterKey(Buffer.from(encoded, 'base64url'))
    if (key === null || key.id !== id) throw malformed(file, `line ${index + 1} is no key, or was damaged`)
    if (keys.some(known => known.id === id)) throw malformed(file, `line ${index + 1} repeats a key`)
    keys.push(key)
  }
  if (keys.length === 0) throw malformed(file, 'there is no key in it')
  if (keys.length > maxKeys) throw malformed(file, `it holds more than ${maxKeys} keys`)
  return keys
}

/** Readers never see half a file. */
async function exchange(file: string, change: (keys: readonly MasterKey[]) => readonly MasterKey[]): Promise<string> {
  await readKeys(file)
  // A link (a mounted secret) is followed, otherwise the rename would replace the link.
  const target = await realpath(file)
  const beside = `${target}.new`
  let next: readonly MasterKey[] = []
  try {
    await write(beside, async () => {
      // The file is read under the exclusive lock file, otherwise one of two rotations would lose the other's key.
      const { keys, owner } = await readKeys(file)
      next = change(keys)
      return { keys: next, owner }
    })
    await rename(beside, target)
    await syncFolder(path.dirname(target))
  } catch (cause) {
    if (cause instanceof KeyFileError) throw cause
    if (codeOf(cause) === 'EEXIST')
      throw new KeyFileError(
        'exists',
        `${beside} exists: another rotation is running, or was interrupted. If none is running, remove this file.`,
        { cause }
      )
    throw unwritable(file, cause)
  }
  return next[0]!.id
}

/** Rejects with EEXIST. */
async function write(
  file: string,
  content: () => Promise<{ keys: readonly MasterKey[]; owner?: KeysRead['owner'] }>
): Promise<void> {
  const handle = await open(file, 'wx', 0o600)
  try {
    const { keys, owner } = await content()
    if (keys.length > maxKeys)
      throw new KeyFileError(
        'unwritable',
        `${file} would hold more than ${maxKeys} keys. Remove the old ones first: factorgate key rotate --finish`
      )
    if (owner !== undefined && process.geteuid?.() === 0) {
      await handle.chown(owner.uid, owner.gid)
      // The gate may read the file through its group.
      if ((owner.mode & 0o040) !== 0) await handle.chmod(0o640)
    }
    await handle.writeFile(header + keys.map(key => `key ${key.id} ${key.bytes.toString('base64url')}\n`).join(''))
    await handle.sync()
  } catch (error) {
    await unlink(file).catch(() => {})
    throw error
  } finally {
    await handle.close()
  }
}

/** A new name is durable only after its folder is synced. Some systems cannot do that. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder).catch(() => null)
  await handle?.sync().catch(() => {})
  await handle?.close()
}

function malformed(file: string, why: string): KeyFileError {
  return new KeyFileError('malformed', `The key file ${file} cannot be used: ${why}. Put it back from its safe copy.`)
}

function unwritable(file: string, cause: unknown): KeyFileError {
  return new KeyFileError('unwritable', `The key file ${file} cannot be written (${codeOf(cause)}).${wayOut(cause)}`, {
    cause
  })
}

const waysOut: Readonly<Record<string, string>> = {
  EACCES: "Make the gate's user its owner (chown).",
  EPERM: "Make the gate's user its owner (chown).",
  ENOSPC: 'The disk is full: free some space there.',
  EDQUOT: 'The disk quota is used up: free some space there.',
  EROFS: 'The disk is read-only: mount it for writing.',
  EIO: 'The disk answers with an error: look at the log of the system (dmesg).',
  EMFILE: 'Too many files are open: raise the limit of the process (ulimit -n; in systemd: LimitNOFILE=).',
  ENFILE: 'Too many files are open on this machine.'
}

function wayOut(error: unknown): string {
  const found = waysOut[codeOf(error)]
  return found === undefined ? '' : ` ${found}`
}

function codeOf(error: unknown): string {
  return systemCode(error) ?? 'unknown'
}
