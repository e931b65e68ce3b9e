/** Folders that a unit of systemd hides from its service, or replaces by folders of its own (systemd.exec(5)). */
import { readFileSync } from 'node:fs'

interface Hiding {
  readonly folder: string
  /** The key in the unit. */
  readonly setting: string
  /** Whether the service sees a folder of its own there, which systemd empties. */
  readonly isPrivate: boolean
}

/** What hides `file`, an absolute path, from this process; null if nothing does. `mounts` is in the form of proc_pid_mountinfo(5). */
export function hiddenBySystemd(file: string, mounts: string = ownMounts()): Hiding | null {
  let found: { root: string; folder: string } | null = null
  for (const line of mounts.split('\n')) {
    const [, , , root = '', folder = ''] = line.split(' ').map(unescaped)
    if (!isWithin(file, folder)) continue
    // A later mount hides an earlier one at the same place.
    if (found === null || folder.length >= found.folder.length) found = { root, folder }
  }
  if (found === null) return null
  const { root, folder } = found
  if (/\/systemd-private-[^/]+\/tmp$/.test(root)) return { folder, setting: 'PrivateTmp', isPrivate: true }
  if (!/\/inaccessible\/(?:dir|reg)$/.test(root)) return null
  const setting = /^\/(?:home|root|run\/user)$/.test(folder) ? 'ProtectHome' : 'InaccessiblePaths'
  return { folder, setting, isPrivate: false }
}

function isWithin(file: string, folder: string): boolean {
  return folder === '/' || file === folder || (folder !== '' && file.startsWith(`${folder}/`))
}

/** Blanks and backslashes are octal numbers there. */
function unescaped(field: string): string {
  return field.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)))
}

function ownMounts(): string {
  try {
    return readFileSync('/proc/self/mountinfo', 'utf8')
  } catch {
    // No Linux, or no /proc.
    return ''
  }
}
