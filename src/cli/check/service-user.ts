/** Checks whether the service's user can access the configured files. As root, it asks as the owner of the data. Read-only. */
import { spawnSync } from 'node:child_process'
import { accessSync, constants, existsSync, readFileSync, statSync } from 'node:fs'
import path from 'node:path'
import { headFileOf } from '../../audit/chain-head.ts'
import { hiddenBySystemd } from '../../files/hidden-by-systemd.ts'
import { sharedStoreWarning } from '../../files/shared-file-system.ts'
import { keyFileWarning, readKeyFile } from '../../keyring/key-file.ts'
import { knownStoresFile } from '../../services/app-options.ts'
import { existingPath } from '../existing-path.ts'
import type { CheckFinding, Sound } from './finding.ts'

interface User {
  readonly uid: number
  readonly gid: number
  readonly name: string
  /** The directory whose owner it is. */
  readonly because: string
}

interface Need {
  readonly path: string
  readonly file: string
  readonly to: 'read' | 'write'
}

/** Findings about the key file and every needed file and directory. */
export async function checkFiles(
  loaded: Sound,
  env: Readonly<Record<string, string | undefined>>
): Promise<CheckFinding[]> {
  const { config } = loaded
  const found = hidden(config)
  // A path that is hidden has no rights to speak of.
  const isHidden = (at: string) => found.some(({ path }) => path === at)
  const key = await readKeyFile(config.keyFile, env).then(
    () => null,
    (error: Error) => error.message
  )
  if (key !== null && !isHidden('keyFile')) found.push({ degree: 'problem', path: 'keyFile', message: key })
  const warning = await keyFileWarning(config.keyFile, env)
  if (key === null && warning !== null) found.push({ degree: 'warning', path: 'keyFile', message: warning })
  for (const [file, at] of loaded.secrets) if (isOpenToAll(file)) found.push(openToAll(at, file))
  const tlsKey = config.listen.tls?.key
  if (typeof tlsKey === 'string' && isOpenToAll(tlsKey)) found.push(openToAll('listen.tls.key', tlsKey))
  found.push(...wrongKinds(loaded), ...sharedStore(config))
  const user = serviceUser(config)
  const needs = needsOf(loaded).filter(({ path: at }) => !isHidden(at) && (at !== 'keyFile' || key === null))
  const may = user === null ? needs.map(ourAccess) : theirAccess(user, needs)
  const readOnly = new Set<string>()
  needs.forEach((need, index) => {
    if (may[index] !== false) return
    const isReadOnly = need.to === 'write' && isOnReadOnlyDisk(need.file)
    // The same is true of all that lies there.
    if (!isReadOnly || !readOnly.has(need.path))
      found.push({
        degree: 'problem',
        path: need.path,
        message: isReadOnly ? onReadOnlyDisk(need) : denied(need, user)
      })
    if (isReadOnly) readOnly.add(need.path)
  })
  return found
}

/** Asked in the sandbox of the service, where its unit calls `check` (ExecStartPre). */
function hidden({ keyFile, store, journal }: Sound['config']): CheckFinding[] {
  const places = [
    ['keyFile', keyFile],
    ['journal', journal.file],
    ...(store.kind === 'embedded' ? [['store', store.path] as const] : [])
  ] as const
  return places.flatMap(([at, file]): CheckFinding[] => {
    const hiding = hiddenBySystemd(file)
    if (hiding === null) return []
    const { folder, setting, isPrivate } = hiding
    const why = isPrivate
      ? `systemd gives the service a ${folder} of its own, and deletes it when the service stops`
      : `systemd hides ${folder} from the service`
    const message = `${file} is out of reach: ${why} (${setting}= in its unit). Choose another place, such as /var/lib/factorgate`
    return [{ degree: 'problem', path: at, message }]
  })
}

function sharedStore({ store }: Sound['config']): CheckFinding[] {
  const message = store.kind === 'embedded' ? sharedStoreWarning(existingPath(store.path)) : null
  return message === null ? [] : [{ degree: 'warning', path: 'store', message }]
}

/** Rights do not help there, not even root's. */
function isOnReadOnlyDisk(file: string): boolean {
  try {
    accessSync(file, constants.W_OK)
    return false
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EROFS'
  }
}

function onReadOnlyDisk({ file }: Need): string {
  return `${file} is on a read-only file system: mount it for writing, or choose another place. A unit of systemd may have made it so: name the folder there as ReadWritePaths=`
}

function needsOf({ config, files, named }: Sound): Need[] {
  const read = (at: string, name: string): Need => ({ path: at, file: name, to: 'read' })
  const needs = files.map(name => read(named.get(name) ?? '', name))
  if (existsSync(config.keyFile)) needs.push(read('keyFile', config.keyFile))
  const write = (at: string, name: string): Need => ({ path: at, file: name, to: 'write' })
  const journal = existingPath(config.journal.file)
  const head = headFileOf(config.journal.file)
  // Its lock and its rotated files are made beside it.
  const folder = statSync(journal).isFile() ? [path.dirname(journal)] : []
  const found = [journal, ...folder, head].map(file => write('journal', file))
  if (config.store.kind === 'embedded')
    for (const name of ['', 'data.mdb', 'lock.mdb', 'bell'])
      found.push(write('store', name === '' ? existingPath(config.store.path) : path.join(config.store.path, name)))
  const known = knownStoresFile(config)
  if (known !== null) found.push(write('store', known))
  return [...needs, ...found.filter(({ file }) => existsSync(file))]
}

/** Finds directories in place of files, and the reverse. */
function wrongKinds({ config }: Sound): CheckFinding[] {
  const found: CheckFinding[] = []
  const add = (at: string, message: string) => found.push({ degree: 'problem', path: at, message })
  const journal = wrongJournal(config.journal.file)
  if (journal !== null) add('journal', journal)
  if (config.store.kind !== 'embedded') return found
  const store = existingPath(config.store.path)
  if (!isFolder(store)) add('store', `${store} is a file, but the store needs a folder: choose another path`)
  return found
}

/** Why the journal cannot be a file at this path; null if it can. */
export function wrongJournal(file: string): string | null {
  const there = existingPath(file)
  if (there === file)
    return isFolder(file) ? `${file} is a folder: give a file in it, such as ${file}/journal.jsonl` : null
  return isFolder(there) ? null : `${there} is a file, but the journal needs a folder there: choose another path`
}

function isFolder(file: string): boolean {
  return statSync(file).isDirectory()
}

function denied({ file, to }: Need, user: User | null): string {
  if (user === null) {
    const uid = process.geteuid?.() ?? 'unknown'
    return `this user (uid ${uid}) may not ${to} ${file}: run the command as the gate's user, or let this user access the file and the folders above it (chown, chmod)`
  }
  const { name, uid, because } = user
  return `the gate's user ${name} (uid ${uid}, the owner of ${because}) may not ${to} ${file}: run chown ${name} ${file}, and let ${name} enter every folder above it (chmod o+x)`
}

/** The presumed service user if root runs the command; null means the caller. */
function serviceUser({ store, journal }: Sound['config']): User | null {
  if (process.geteuid?.() !== 0) return null
  const places = store.kind === 'embedded' ? [store.path, path.dirname(store.path)] : []
  for (const place of [...places, path.dirname(journal.file)]) {
    // `stat` throws for a path below a file.
    const stat = existsSync(place) ? statSync(place, { throwIfNoEntry: false }) : undefined
    if (stat === undefined || stat.uid === 0) continue
    const row = passwd().find(fields => fields[2] === String(stat.uid))
    return {
      uid: stat.uid,
      gid: row === undefined ? stat.gid : Number(row[3]),
      name: row?.[0] ?? String(stat.uid),
      because: place
    }
  }
  return null
}

function passwd(): string[][] {
  try {
    return readFileSync('/etc/passwd', 'utf8')
      .split('\n')
      .map(line => line.split(':'))
  } catch {
    return []
  }
}

function ourAccess({ file, to }: Need): boolean {
  try {
    accessSync(file, to === 'read' ? constants.R_OK : constants.W_OK)
    return true
  } catch {
    return false
  }
}

/** Tests the access as that user, since groups and access lists count. Undefined if that is impossible. */
function theirAccess({ uid, gid, name }: User, needs: readonly Need[]): (boolean | undefined)[] {
  const groups = passwd().some(fields => fields[0] === name) ? '--init-groups' : '--clear-groups'
  const script = 'for f; do test -r "$f" && r=r || r=; test -w "$f" && w=w || w=; echo "=$r$w"; done'
  const ran = spawnSync(
    'setpriv',
    [`--reuid=${uid}`, `--regid=${gid}`, groups, '--', 'sh', '-c', script, 'sh', ...needs.map(({ file }) => file)],
    {
      encoding: 'utf8',
      cwd: '/'
    }
  )
  const lines = ran.status === 0 ? ran.stdout.trimEnd().split('\n') : []
  return needs.map(({ to }, index) => lines[index]?.includes(to === 'read' ? 'r' : 'w'))
}

function isOpenToAll(file: string): boolean {
  const stat = statSync(file, { throwIfNoEntry: false })
  return process.geteuid !== undefined && stat !== undefined && (stat.mode & 0o004) !== 0
}

function openToAll(at: string, file: string): CheckFinding {
  return {
    degree: 'warning',
    path: at,
    message: `every user of this machine can read ${file}: run chmod o= ${file}`
  }
}
