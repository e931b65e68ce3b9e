/** The bill of materials of this installation: written by the build, by the image's build, or made from the lock file beside the sources. */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { bomOfLock, type Component, readBom } from './sbom.ts'

export const billFile = 'sbom.cdx.json'

interface Bill {
  /** CycloneDX JSON. */
  readonly text: string
  readonly components: readonly Component[]
}

/** `root`: the folder of the program's package.json. Null where there is neither a bill nor a lock file that can be read. */
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

/** The text of the bill that a lock file describes; null if it cannot be read. The build writes it. */
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
