/** The release of Factorgate, from package.json, which is one directory higher after the build. */
import { readFileSync } from 'node:fs'
import path from 'node:path'

export function release(): string {
  for (let folder = import.meta.dirname; ; folder = path.dirname(folder)) {
    const text = read(path.join(folder, 'package.json'))
    const found = text === null ? null : (JSON.parse(text) as { name?: string; version?: string })
    if (found?.name === 'factorgate') return String(found.version)
    if (folder === path.dirname(folder)) return 'of unknown version'
  }
}

function read(file: string): string | null {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return null
  }
}
