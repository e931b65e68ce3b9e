/** Runs root's file work as the owner of the directory, so that no planted link or pipe misleads root, and new files belong to the service's user. */
import { spawnSync } from 'node:child_process'
import { lstatSync, readFileSync, readlinkSync } from 'node:fs'
import { constants } from 'node:os'
import path from 'node:path'
import { visible } from '../messages/visible.ts'
import { PersonError } from './command.ts'

export interface Owner {
  readonly uid: number
  readonly gid: number
}

const root: Owner = { uid: 0, gid: 0 }
const maxLinks = 40
/** The exit code of setpriv(1) where this root may not change the user, as in some containers. */
const setprivFailed = 127

/**
 * The first non-root owner on the path to `file`, or root. Throws PersonError if several users can write a root directory on it, because
 * any of them may have placed the rest.
 */
export function ownerOf(file: string): Owner {
  let rest = path.resolve(file).split(path.sep).filter(Boolean)
  let here: string = path.sep
  let links = 0
  let isOpen = false
  while (rest.length > 0) {
    const next = path.join(here, rest[0]!)
    const found = lstatSync(next, { throwIfNoEntry: false })
    if (found === undefined) {
      if (isOpen) throw shared(here)
      return root
    }
    if (found.uid !== 0) return { uid: found.uid, gid: found.gid }
    // Without the sticky bit, a writer may replace what root created there.
    if (isOpen) throw shared(here)
    rest = rest.slice(1)
    if (found.isSymbolicLink()) {
      if (++links > maxLinks) throw new PersonError(`the path ${visible(file)} goes through too many symbolic links`)
      const target = path.resolve(here, readlinkSync(next))
      rest = [...target.split(path.sep).filter(Boolean), ...rest]
      here = path.sep
      continue
    }
    here = next
    isOpen = found.isDirectory() && (found.mode & 0o022) !== 0 && (found.mode & 0o1000) === 0
  }
  return root
}

/** Node.js 20 with a libuv of the system, as in Debian 13, refuses every change of the user (CVE-2024-22017). */
export class CannotChangeUser extends PersonError {
  readonly owner: Owner
  /** True if nothing is done yet, and nothing is read from standard input. */
  readonly mayRunAgain: boolean

  constructor(owner: Owner, mayRunAgain: boolean) {
    const wayOut = mayRunAgain
      ? 'run the command as that user (runuser -u USER -- factorgate …), or install Node.js 24'
      : 'name a folder of root, or install Node.js 24'
    super(`this Node.js does not let root work as uid ${owner.uid}; ${wayOut}`)
    this.owner = owner
    this.mayRunAgain = mayRunAgain
  }
}

/** Runs this command once more, all of it as `owner`, and ends it if this process is ended. Null if that is not possible here. */
export function runAgainAs({ uid, gid }: Owner): number | null {
  // That of BusyBox has other options.
  const { stdout } = spawnSync('setpriv', ['--version'], { encoding: 'utf8' })
  if (!/util-linux/.test(stdout ?? '')) return null
  const isKnown = passwd().some(fields => Number(fields[2]) === uid)
  const user = [
    `--reuid=${uid}`,
    `--regid=${gid === 0 ? groupOf(uid) : gid}`,
    isKnown ? '--init-groups' : '--clear-groups',
    '--pdeathsig=TERM'
  ]
  const command = [process.execPath, ...process.execArgv, ...process.argv.slice(1)]
  // The journal names who has begun it (`operator` in command-context.ts).
  const env = { ...process.env, SUDO_USER: process.env.SUDO_USER || 'root' }
  const { status, signal } = spawnSync('setpriv', [...user, '--', ...command], { stdio: 'inherit', env })
  // As a shell says it.
  if (signal !== null) return 128 + constants.signals[signal]
  return status === setprivFailed ? null : status
}

/** The identity taken on; null for its own. */
let taken: Owner | null = null
/** How many commands or parts of one are at work as an owner, also as root. */
let atWork = 0

/** Without root it changes nothing. */
export async function asOwner<T>(owner: Owner, work: () => Promise<T>): Promise<T> {
  return as(owner, async () => {
    atWork++
    try {
      return await work()
    } finally {
      atWork--
    }
  })
}

async function as<T>(owner: Owner, work: () => Promise<T>): Promise<T> {
  if (process.getuid?.() !== 0) return work()
  const before = taken
  become(owner)
  try {
    return await work()
  } finally {
    become(before)
  }
}

/** Runs `work` as the owner of the directory of `file`. */
export async function asOwnerOf<T>(file: string, work: () => Promise<T>): Promise<T> {
  if (process.getuid?.() !== 0) return work()
  // Root can look everywhere.
  return asOwner(await asSelf(async () => ownerOf(file)), work)
}

/** The same without the event loop, for a command that goes on as somebody else. */
export function asOwnerOfNow<T>(file: string, work: () => T): T {
  if (process.getuid?.() !== 0) return work()
  const before = taken
  become(root)
  try {
    become(ownerOf(file))
    return work()
  } finally {
    become(before)
  }
}

/** Runs `work` as the original user, for reading only: files of root stay unreadable to others. */
export function asSelf<T>(work: () => Promise<T>): Promise<T> {
  return as(root, work)
}

const groups = process.getgroups?.() ?? []
const egid = process.getegid?.() ?? 0

function become(owner: Owner | null): void {
  const { seteuid, setegid, setgroups } = process
  if (seteuid === undefined || setegid === undefined || setgroups === undefined) return
  const isRoot = owner === null || owner.uid === 0
  if (isRoot && (taken === null || taken.uid === 0)) return
  // Only root may switch between users.
  try {
    seteuid.call(process, 0)
  } catch (error) {
    if (owner === null || (error as NodeJS.ErrnoException).code !== 'ERR_INVALID_STATE') throw error
    throw new CannotChangeUser(owner, atWork === 0)
  }
  taken = owner
  if (isRoot) {
    setegid.call(process, egid)
    setgroups.call(process, groups)
    return
  }
  // It is never root's group, which opens root's files.
  const gid = owner.gid === 0 ? groupOf(owner.uid) : owner.gid
  try {
    ;(process as unknown as { initgroups(user: number, group: number): void }).initgroups(owner.uid, gid)
  } catch {
    setgroups.call(process, [gid])
  }
  setegid.call(process, gid)
  seteuid.call(process, owner.uid)
}

/** The group from /etc/passwd, otherwise nobody's. */
function groupOf(uid: number): number {
  const found = passwd().find(([, , id, gid]) => Number(id) === uid && Number(gid) > 0)
  return found === undefined ? 65_534 : Number(found[3])
}

function passwd(): string[][] {
  try {
    return readFileSync('/etc/passwd', 'utf8')
      .trimEnd()
      .split('\n')
      .map(line => line.split(':'))
  } catch {
    // The system has no such file.
    return []
  }
}

function shared(folder: string): PersonError {
  return new PersonError(
    `root does not work in ${visible(folder)}: other users can write there and could replace its files. Run the command as the user who runs the gate (sudo -u USER factorgate …), or close the folder: chmod go-w ${visible(folder)}`
  )
}
