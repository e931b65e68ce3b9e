/** The lab's logo, read from its file when a configuration is loaded. */
import { readFileSync } from 'node:fs'
import { typeOfLogo } from '../../config/checks/portal.ts'
import type { Logo } from '../../plugins/portal/index.ts'

/** Null where none is configured, or where the file has changed since the check to something else: the pages then show the name. */
export function readLogo(file: string | null): Logo | null {
  if (file === null) return null
  try {
    const body = readFileSync(file)
    const type = typeOfLogo(body)
    return type === null ? null : { type, body }
  } catch {
    return null
  }
}
