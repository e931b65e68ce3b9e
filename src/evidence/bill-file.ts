/** The bill of materials of this installation, from the build, or from the lock file beside the sources. */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { bomOfLock, type Component, readBom } from './sbom.ts'

export const billFile = 'sbom.cdx.json'

interface Bill {
  /** CycloneDX JSON. */
  readonly text: string
  readonly components: readonly Component[]
}

/** `root`: the folder of package.json. Null if there is neither a readable bill nor lock file. */
export function billIn(root: string): Bill | null {
  for (const file of [path.join('dist', billFile), billFile]) {
    const text = read(path.join(root, file))
    const components = text === null ? null : readBom(text)
    if (text !== null && components !== null) return { text, components }
  }
  const text = billOfLock(path.join(root, 'package-lock.json'))
  const components = text === null ? null : readBom(text)
  return text === null || components === null ? null : { text, components }
}

/** Null for an unreadable lock file. The build writes the bill. */
export function billOfLock(lockFile: string): string | null {
  const lock = read(lockFile)
  try {
    return lock === null ? null : `${JSON.stringify(bomOfLock(lock), null, 2)}\n`
  } catch {
    return null
  }
}

function read(file: string): string | null {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return null
  }
}
