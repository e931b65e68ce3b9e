/** What stands at a path that a key names, also where it cannot be looked at. */
import { type Stats, statSync } from 'node:fs'

/** Null for nothing; a text says why it cannot be told, to be put behind the key. */
export function lookAt(path: string): Stats | null | string {
  try {
    return statSync(path)
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException
    switch (code) {
      case 'ENOENT':
        return null
      case 'ENOTDIR':
        return 'has a file in its path where a folder must be'
      case 'EACCES':
      case 'EPERM':
        return 'names a place that this user may not look into: let this user access the folders above it (chown, chmod)'
      default:
        return `names a place that cannot be looked at: ${code}`
    }
  }
}
