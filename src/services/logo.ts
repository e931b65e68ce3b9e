/** The lab's logo, read when a configuration is loaded. */
import { readFileSync } from 'node:fs'
import { typeOfLogo } from '../../config/checks/portal.ts'
import type { Logo } from '../../plugins/portal/index.ts'

/** Null for none, or if the file is no logo any more: pages then show the name. */
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
