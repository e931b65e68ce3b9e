/**
 * Root at the terminal, in a folder of somebody else. Owns finding out whose folder it is, and doing the work as that user: then no link, pipe or
 * file that the folder's owner has laid there leads root anywhere, and what is made belongs to the owner, so that the service can open it.
 */
import { lstatSync, readFileSync, readlinkSync } from 'node:fs'
import path from 'node:path'
import { PersonError, visible } from './command.ts'

export interface Owner {
  readonly uid: number
  readonly gid: number
}

const root: Owner = { uid: 0, gid: 0 }
const linksMax = 40

/**
 * The first user but root who decides what `file` is: the owner of the first folder or link on the way to it that is not root's. Root, where that is
 * nobody. Throws PersonError where a folder of root's is open to several users, because then nobody can say who has laid what there.
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
    // Whoever may write in a folder without the sticky bit may also exchange what root has made there.
    if (isOpen) throw shared(here)
    rest = rest.slice(1)
    if (found.isSymbolicLink()) {
      if (++links > linksMax) throw new PersonError(`${visible(file)} leads through too many links`)
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

/** The identity that this process has taken on, or null while it is itself. */
let taken: Owner | null = null

/** Runs `work` as `owner`, and is whoever it was before afterwards. Where this process is not root's, it stays what it is. */
export async function asOwner<T>(owner: Owner, work: () => Promise<T>): Promise<T> {
  if (process.getuid?.() !== 0) return work()
  const before = taken
  become(owner)
  try {
    return await work()
  } finally {
    become(before)
  }
}

/** Runs `work` as the user whose folder `file` lies in, or will lie in. */
export async function asOwnerOf<T>(file: string, work: () => Promise<T>): Promise<T> {
  if (process.getuid?.() !== 0) return work()
  // Root can look everywhere, and whoever it has become may not.
  return asOwner(await asSelf(async () => ownerOf(file)), work)
}

/** Runs `work` as whoever has given the command. For reading alone: what root reads, nobody else has to be able to. */
export function asSelf<T>(work: () => Promise<T>): Promise<T> {
  return asOwner(root, work)
}

/** What root's groups were at the beginning. */
const groups = process.getgroups?.() ?? []
const egid = process.getegid?.() ?? 0

function become(owner: Owner | null): void {
  const { seteuid, setegid, setgroups } = process
  if (seteuid === undefined || setegid === undefined || setgroups === undefined) return
  // Only root may change from one user to another.
  seteuid.call(process, 0)
  taken = owner
  if (owner === null || owner.uid === 0) {
    setegid.call(process, egid)
    setgroups.call(process, groups)
    return
  }
  // Root's group opens what is root's: never that one.
  const gid = owner.gid === 0 ? groupOf(owner.uid) : owner.gid
  try {
    ;(process as unknown as { initgroups(user: number, group: number): void }).initgroups(owner.uid, gid)
  } catch {
    setgroups.call(process, [gid])
  }
  setegid.call(process, gid)
  seteuid.call(process, owner.uid)
}

/** The user's own group, as /etc/passwd has it; otherwise nobody's. */
function groupOf(uid: number): number {
  try {
    for (const line of readFileSync('/etc/passwd', 'utf8').split('\n')) {
      const [, , id, gid] = line.split(':')
      if (Number(id) === uid && Number(gid) > 0) return Number(gid)
    }
  } catch {
    // A system without that file.
  }
  return 65_534
}

function shared(folder: string): PersonError {
  return new PersonError(
    `root will not work in ${visible(folder)}: others may write there and could lead root astray. Run this as the user who runs the gate (sudo -u USER factorgate …), or close the folder: chmod go-w ${visible(folder)}`
  )
}
